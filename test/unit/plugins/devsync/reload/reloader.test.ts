/** A reload follows what the container itself says that it has, and what waits for one is not lost with a container. */
import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { StartupGate } from '../../../../../plugins/devsync/launch/startup-gate.ts';
import type { MaybeEntry } from '../../../../../plugins/devsync/reconcile/entry.ts';
import {
  Reloader,
  type ReloaderOptions,
  type ReloadState,
  type ReloadTarget,
} from '../../../../../plugins/devsync/reload/reloader.ts';
import { parseReloadRule } from '../../../../../plugins/devsync/spec/reload-spec.ts';
import { pods } from '../../../../../src/kube/api/resources.ts';
import { fakeClock, settle } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';
import { directory } from '../support/fake-endpoints.ts';

const file = (number: number) => ({
  kind: 'file' as const,
  digest: `${number}`.padStart(64, '0'),
  size: 1,
  executable: false,
});
const sent = (entry: MaybeEntry) => [{ path: 'app.conf', entry, isRevert: false }];

/** A container that has this file, and counts the signals that it gets. No real one can be stopped between two steps. */
class FakeContainer {
  signals = 0;
  entry: MaybeEntry;
  isAway = false;
  readonly #seen: { tree: MaybeEntry } = { tree: undefined };
  readonly target: ReloadTarget;

  constructor(id: string, entry: MaybeEntry, podUid = 'p') {
    this.entry = entry;
    const refresh = async () => {
      if (this.isAway) throw new Error('the stream broke');
      this.#seen.tree = directory(this.entry ? { 'app.conf': this.entry } : {});
    };
    const call = async () => {
      this.signals++;
      return { signal: 'HUP', pid: 1 };
    };
    const seen = this.#seen;
    const container = {
      get tree() {
        return seen.tree;
      },
      refresh,
    };
    const pod = { metadata: { name: 'web-0', uid: podUid }, spec: {} };
    this.target = {
      target: { namespace: 'shop', pod, container: 'app', containerId: id, imageId: 'i' },
      connection: { call },
      container,
      survivesRestart: true,
    } as unknown as ReloadTarget;
  }
}

function makeReloader(rules = ['app.conf=signal:HUP'], more: Partial<ReloaderOptions> = {}) {
  const clock = fakeClock();
  const { signal } = new AbortController();
  const log: string[] = [];
  let states: readonly ReloadState[] = [];
  const reloader = new Reloader({
    spec: {
      rules: rules.map(parseReloadRule),
      every: 2000,
      onFirstSync: false,
      restartAnyway: true,
    },
    kube: fakeKube(),
    clock,
    signal,
    onLog: (line) => log.push(line),
    onState: (now) => {
      states = now;
    },
    onGate: () => {},
    ...more,
  });
  return { reloader, clock, log, phase: () => states[0]?.phase };
}

test('what the container has reloads once; what it does not have, or not any more, reloads nothing', async () => {
  const { reloader, clock, log } = makeReloader();
  const one = new FakeContainer('a', file(1));
  reloader.attach(one.target);
  reloader.applied(sent(file(1)), []);
  await clock.advance(10);
  expect(one.signals).toBe(1);
  // Something in the container has written it since.
  one.entry = file(9);
  reloader.applied(sent(file(2)), []);
  await clock.advance(60_000);
  expect(one.signals).toBe(1);
  expect(log.filter((line) => line.endsWith('begins (app.conf)'))).toHaveLength(1);
});

test('what could not be asked for is reloaded by the next stream', async () => {
  const { reloader, clock } = makeReloader();
  const one = new FakeContainer('a', file(1));
  reloader.attach(one.target);
  one.isAway = true;
  reloader.applied(sent(file(1)), []);
  await clock.advance(60_000);
  expect(one.signals).toBe(0);
  reloader.detach();
  one.isAway = false;
  reloader.attach(one.target);
  await clock.advance(60_000);
  expect(one.signals).toBe(1);
});

test('a save that waits for its time is reloaded in the container that has begun meanwhile, whose volume has it', async () => {
  const { reloader, clock } = makeReloader();
  const one = new FakeContainer('a', file(1));
  reloader.attach(one.target);
  reloader.applied(sent(file(1)), []);
  await clock.advance(10);
  one.entry = file(2);
  reloader.applied(sent(file(2)), []);
  await clock.advance(10);
  expect(one.signals).toBe(1);
  reloader.detach();
  const next = new FakeContainer('b', file(2));
  reloader.attach(next.target);
  await clock.advance(60_000);
  expect([one.signals, next.signals]).toEqual([1, 1]);
});

test('where the new container begins without it, it is reloaded once the first sync has put it there', async () => {
  const { reloader, clock } = makeReloader();
  const one = new FakeContainer('a', file(1));
  reloader.attach(one.target);
  reloader.applied(sent(file(1)), []);
  await clock.advance(10);
  reloader.applied(sent(file(2)), []);
  reloader.detach();
  const next = new FakeContainer('b', undefined, 'q');
  reloader.attach(next.target);
  await clock.advance(60_000);
  expect(next.signals).toBe(0);
  next.entry = file(2);
  reloader.applied([...sent(file(2)), { path: 'other', entry: file(3), isRevert: false }], [], true);
  await clock.advance(60_000);
  expect(next.signals).toBe(1);
});

test('a first sync reloads nothing that has not waited', async () => {
  const { reloader, clock } = makeReloader();
  const one = new FakeContainer('a', file(1));
  reloader.attach(one.target);
  reloader.applied(sent(file(1)), [], true);
  await clock.advance(60_000);
  expect(one.signals).toBe(0);
});

test('a stream that broke while it was asked, and another one that came meanwhile: the other one is asked', async () => {
  const { reloader, clock } = makeReloader();
  const one = new FakeContainer('a', file(1));
  const refused = Promise.withResolvers<void>();
  Object.assign(one.target.container, { refresh: () => refused.promise });
  reloader.attach(one.target);
  reloader.applied(sent(file(1)), []);
  await settle();
  reloader.detach();
  const again = new FakeContainer('a', file(1));
  reloader.attach(again.target);
  await settle();
  refused.reject(new Error('the stream broke'));
  await clock.advance(60_000);
  expect([one.signals, again.signals]).toEqual([0, 1]);
});

test('a program that is held back goes on once the sync says that its very container is in sync', async () => {
  const kube = fakeKube();
  const status = (containerID: string) => ({
    containerStatuses: [{ name: 'app', containerID, state: { running: {} } }],
  });
  const pod = await kube.create(pods, {
    metadata: { name: 'web-0', namespace: 'shop' },
    spec: { containers: [{ name: 'app' }] },
    status: status('a') as never,
  });
  const line = new PassThrough();
  let gates = 0;
  const openGate = async () => {
    gates++;
    return new StartupGate(line, 30);
  };
  // Both want it, and one restart is enough for them.
  const { reloader, clock, log } = makeReloader(['app.conf=restart', '*.conf=restart'], { kube, openGate });
  const about = (id: string) => {
    const { target } = new FakeContainer(id, file(1), pod.metadata.uid);
    const bound = { ...target.target, pod };
    return { ...target, target: bound, launcher: 'node-agent', survivesRestart: false } as ReloadTarget;
  };
  reloader.attach(about('a'));
  reloader.inSync('');
  reloader.applied(sent(file(1)), []);
  await clock.advance(10);
  line.write(`{"held":"${'b'.repeat(64)}"}\n`);
  await kube.replace(pods, { ...pod, status: status(`containerd://${'b'.repeat(64)}`) as never });
  // The stream to the former one said once more that all is well.
  reloader.inSync('');
  reloader.detach();
  await clock.advance(10);
  expect(line.destroyed).toBe(false);
  reloader.attach(about(`containerd://${'b'.repeat(64)}`));
  await clock.advance(10);
  expect(line.destroyed).toBe(false);
  reloader.inSync('');
  await clock.advance(10);
  expect(line.destroyed).toBe(true);
  const ended = log.filter((one) =>
    one.includes(': container app was started again; its program was held back until'),
  );
  expect([ended.length, gates]).toEqual([2, 1]);
});
