/** The barrier before a reload: what has triggered it is asked of the container first. */
import { expect, test } from '@jest/globals';
import type { MaybeEntry } from '../../../../../plugins/devsync/reconcile/entry.ts';
import {
  Reloader,
  type ReloadState,
  type ReloadTarget,
} from '../../../../../plugins/devsync/reload/reloader.ts';
import { parseReloadRule } from '../../../../../plugins/devsync/spec/reload-spec.ts';
import { type FakeClock, fakeClock, settle } from '../../../support/fake-clock.ts';
import { type Shape, tree } from '../support/trees.ts';

const every = 1000;

/** A container whose agent answers as a test says: what its tree is after the next look, or that it cannot be asked. */
class FakeContainer {
  tree: MaybeEntry = undefined;
  /** What the next look finds; undefined: the stream is broken. */
  found: Shape | undefined;
  looks = 0;
  readonly signals: unknown[] = [];

  async refresh(): Promise<void> {
    this.looks++;
    if (this.found === undefined) throw new Error('the stream broke');
    this.tree = tree(this.found);
  }

  get target(): ReloadTarget {
    const call = async (_: number, name: string, { signal }: { signal: unknown }) => {
      this.signals.push(`${name} ${signal}`);
      return { signal, pid: 1 };
    };
    return {
      target: { containerId: 'containerd://1', pod: { metadata: { name: 'pod', uid: 'u' } } },
      connection: { call },
      container: this,
      survivesRestart: true,
    } as unknown as ReloadTarget;
  }
}

interface Stage {
  readonly clock: FakeClock;
  readonly container: FakeContainer;
  readonly reloader: Reloader;
  /** Of the one rule. */
  readonly state: () => ReloadState | undefined;
  /** The container is made to have this at path `a`. */
  applied(shape: Shape | undefined): Promise<void>;
}

function stage(): Stage {
  const [clock, container] = [fakeClock(), new FakeContainer()];
  let states: readonly ReloadState[] = [];
  const reloader = new Reloader({
    spec: { rules: [parseReloadRule('a=signal:HUP')], every, onFirstSync: false, restartAnyway: false },
    // No action of this test asks a cluster.
    kube: undefined as never,
    clock,
    signal: new AbortController().signal,
    onLog: () => {},
    onState: (now) => {
      states = now;
    },
    onGate: () => {},
  });
  reloader.attach(container.target);
  const applied = async (shape: Shape | undefined) => {
    reloader.applied([{ path: 'a', entry: tree(shape), isRevert: false }], []);
    await settle();
  };
  return { clock, container, reloader, state: () => states[0], applied };
}

test('what the container has reloads once', async () => {
  const { clock, container, state, applied } = stage();
  container.found = { a: 'new' };
  await applied('new');
  expect([container.looks, container.signals]).toEqual([1, ['signal HUP']]);
  expect(state()).toMatchObject({ phase: 'idle', message: 'SIGHUP sent to process 1', runs: 1 });
  await clock.advance(10 * every);
  expect(container.signals).toHaveLength(1);
});

test('a deletion reloads once the container has it no more', async () => {
  const { container, applied } = stage();
  container.found = {};
  await applied(undefined);
  expect(container.signals).toHaveLength(1);
});

test.each([
  ['another content', { a: 'changed again there' }],
  ['nothing', {}],
])('where the container has %s by then, nothing reloads, and the next arrival does', async (_, found) => {
  const { clock, container, state, applied } = stage();
  container.found = found;
  await applied('new');
  await clock.advance(10 * every);
  expect([container.looks, container.signals, state()]).toEqual([1, [], undefined]);
  container.found = { a: 'next' };
  await applied('next');
  expect(container.signals).toHaveLength(1);
});

test('a container that cannot be asked is asked again by the next stream, and reloads then', async () => {
  const { clock, container, reloader, applied } = stage();
  await applied('new');
  reloader.detach();
  expect([container.looks, container.signals]).toEqual([1, []]);
  await clock.advance(10 * every);
  expect(container.looks).toBe(1);
  // The same container, by another stream.
  container.found = { a: 'new' };
  reloader.attach(container.target);
  await settle();
  // For what was kept, and right before the reload.
  expect([container.looks, container.signals]).toEqual([3, ['signal HUP']]);
});

test('one that cannot be asked while its stream stands is asked again after the interval, and no sooner', async () => {
  const { clock, container, applied } = stage();
  await applied('new');
  await clock.advance(every - 1);
  expect(container.looks).toBe(1);
  container.found = { a: 'new' };
  await clock.advance(1);
  expect([container.looks, container.signals]).toEqual([3, ['signal HUP']]);
});
