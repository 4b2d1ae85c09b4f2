import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Entry, Maybe } from '../../../../../plugins/devsync/reconcile/entry.ts';
import { AncestorStore } from '../../../../../plugins/devsync/session/ancestor-store.ts';
import { Attempts } from '../../../../../plugins/devsync/session/attempts.ts';
import { noState } from '../../../../../plugins/devsync/session/state.ts';
import { Synchronizer } from '../../../../../plugins/devsync/session/synchronizer.ts';
import type { Endpoint } from '../../../../../plugins/devsync/sync/endpoint.ts';
import { systemClock } from '../../../../../src/clock.ts';

let folder: string;
const stop = new AbortController();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devsync-synchronizer-'));
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

const directory = (children: Record<string, Entry>): Entry => ({
  kind: 'directory',
  children: new Map(Object.entries(children)),
});

/** A side that can do nothing (its disk is full), and hints at what it could not do, as a real one does. */
function fakeFullEndpoint(tree: Maybe): Endpoint & { attempts: number } {
  const endpoint = {
    attempts: 0,
    facts: { rootId: 'id', foldsNames: false, hasModes: true, freeBytes: 0, hasStaged: false },
    tree,
    degraded: undefined,
    isBusy: false,
    onHint: () => {},
    refresh: async () => {},
    missing: async () => [],
    async *read() {},
    receive: async () => {},
    discard: async () => {},
    trash: async () => ({ items: [], used: 0, limit: 0 }),
    restore: async () => {},
    emptyTrash: async () => 0,
    close: async () => {},
    async apply(operations: readonly { readonly path: string }[]) {
      endpoint.attempts++;
      setTimeout(() => endpoint.onHint(), 1);
      return operations.map(({ path }) => ({ path, problem: 'no space is left' }));
    },
  };
  return endpoint;
}

test('what cannot be done is not tried again and again, but when something changes or some time has passed', async () => {
  const file = { kind: 'file', digest: 'a'.repeat(64), size: 1, executable: false } as const;
  const local = fakeFullEndpoint(directory({ file }));
  const container = fakeFullEndpoint(directory({}));
  const ancestor = new AncestorStore(folder);
  let state = noState;
  const synchronizer = new Synchronizer({
    local,
    container,
    ancestor,
    binding: 'here',
    mode: 'two-way-safe',
    from: 'local',
    takeGit: false,
    trashLimits: { local: 10, container: 10 },
    clock: systemClock,
    signal: stop.signal,
    onState: (now) => {
      state = now;
    },
  });
  const running = synchronizer.run();
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(container.attempts).toBe(1);
  expect(state.problems).toEqual([expect.objectContaining({ path: 'file', problem: 'no space is left' })]);
  // A change on a side: now it is worth a try.
  Object.assign(container, { tree: directory({}) });
  container.onHint();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(container.attempts).toBe(2);
  // And after a second by itself.
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(container.attempts).toBe(3);
  stop.abort();
  await running;
});

test('a flush tries again what was being written to, and gives up what fails in the same way', async () => {
  const file = { kind: 'file', digest: 'a'.repeat(64), size: 1, executable: false } as const;
  const ancestor = new AncestorStore(folder);
  ancestor.begin('here', undefined);
  const done = new AbortController();
  const flushed = async (failures: number) => {
    const container = fakeFullEndpoint(directory({}));
    const { apply } = container;
    container.apply = async (operations, name) => {
      if (container.attempts < failures) return await apply(operations, name);
      container.attempts++;
      Object.assign(container, { tree: directory({ file }) });
      return operations.map(({ path }) => ({ path }));
    };
    const { problems } = await new Synchronizer({
      local: fakeFullEndpoint(directory({ file })),
      container,
      ancestor,
      binding: 'here',
      mode: 'two-way-safe',
      from: 'local',
      takeGit: false,
      trashLimits: { local: 1e9, container: 1e9 },
      clock: systemClock,
      signal: done.signal,
      onState: () => {},
    }).flush();
    ancestor.begin('here', undefined);
    return [container.attempts, problems.length];
  };
  expect(await flushed(1)).toEqual([2, 0]);
  expect(await flushed(9)).toEqual([2, 1]);
  done.abort();
});

describe('a stream that breaks before the answer', () => {
  const version = (digit: string) =>
    ({ kind: 'file', digest: digit.repeat(64), size: 1, executable: false }) as const;

  /** Sends version 1 to a container that does it and cannot say so, and edits here before the next stream. */
  async function afterLoss(attempts: Attempts | undefined, found: string) {
    const ancestor = new AncestorStore(folder);
    ancestor.begin('here', directory({ file: version('0') }));
    const common = {
      ancestor,
      binding: 'here',
      mode: 'two-way-safe',
      from: 'local',
      takeGit: false,
      trashLimits: { local: 1e9, container: 1e9 },
      clock: systemClock,
      signal: new AbortController().signal,
      onState: () => {},
      ...(attempts && { attempts }),
    } as const;
    const lost = fakeFullEndpoint(directory({ file: version('0') }));
    lost.apply = () => Promise.reject(new Error('the stream ended'));
    const first = new Synchronizer({
      ...common,
      local: fakeFullEndpoint(directory({ file: version('1') })),
      container: lost,
    });
    await expect(first.flush()).rejects.toThrow('the stream ended');
    const next = fakeFullEndpoint(directory({ file: version(found) }));
    next.apply = async (operations) => {
      Object.assign(next, { tree: directory({ file: version('2') }) });
      return operations.map(({ path }) => ({ path }));
    };
    const local = fakeFullEndpoint(directory({ file: version('2') }));
    const { conflicts } = await new Synchronizer({ ...common, local, container: next }).flush();
    return conflicts.map(({ path }) => path);
  }

  test('is no conflict where the container has what was sent to it', async () => {
    const attempts = new Attempts();
    attempts.begin('here');
    expect(await afterLoss(attempts, '1')).toEqual([]);
    expect(await afterLoss(undefined, '1')).toEqual(['file']);
  });

  test('leaves a conflict where the container has something else, or is another one', async () => {
    const attempts = new Attempts();
    attempts.begin('here');
    expect(await afterLoss(attempts, '3')).toEqual(['file']);
    attempts.begin('there');
    expect(attempts.done(directory({ file: version('1') }))).toEqual([]);
  });
});
