import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Entry, MaybeEntry, Tracked } from '../../../../../plugins/devsync/reconcile/entry.ts';
import { AncestorStore } from '../../../../../plugins/devsync/session/ancestor-store.ts';
import { noState } from '../../../../../plugins/devsync/session/state.ts';
import { type RunnerOptions, SyncRunner } from '../../../../../plugins/devsync/session/sync-runner.ts';
import {
  Synchronizer,
  type SynchronizerOptions,
} from '../../../../../plugins/devsync/session/synchronizer.ts';
import { UnansweredOperations } from '../../../../../plugins/devsync/session/unanswered-operations.ts';
import type { ContentRef, Endpoint, KeepingEndpoint } from '../../../../../plugins/devsync/sync/endpoint.ts';
import { nextTurn } from '../../../../../src/async/next-turn.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { eventually } from '../../../../support/eventually.ts';

let folder: string;
let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
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
function fakeFullEndpoint(tree: MaybeEntry): KeepingEndpoint & { attempts: number } {
  const endpoint = {
    attempts: 0,
    facts: {
      rootId: 'id',
      foldsNames: false,
      hasModes: true,
      freeBytes: 0,
      hasStaged: false,
      metadataFolder: '',
      isMetadataInside: false,
    },
    tree,
    degraded: undefined,
    isBusy: false,
    onHint: () => {},
    refresh: async () => {},
    missing: async () => [],
    async *read() {},
    receive: async () => {},
    unfiled: (items: readonly ContentRef[]) => [...items],
    discard: async () => [],
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

/** What all synchronizers here have in common. */
function optionsFor(
  local: KeepingEndpoint,
  container: Endpoint,
  ancestor: AncestorStore,
): SynchronizerOptions {
  return {
    local,
    container,
    ancestor,
    binding: 'here',
    mode: 'two-way-safe',
    from: 'local',
    takeGit: false,
    trashLimits: { local: 1e9, container: 1e9 },
    clock: systemClock,
    signal: stop.signal,
    onState: () => {},
  };
}

const version = (digit: string) =>
  ({ kind: 'file', digest: digit.repeat(64), size: 1, executable: false }) as const;

test('what cannot be done is not tried again and again, but when something changes or some time has passed', async () => {
  const file = version('a');
  const local = fakeFullEndpoint(directory({ file }));
  const container = fakeFullEndpoint(directory({}));
  const ancestor = new AncestorStore(folder);
  let state = noState;
  // Time passes when the test says so.
  const sleeping: { ms: number; wake: () => void }[] = [];
  const sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((wake, reject) => {
      sleeping.push({ ms, wake });
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  const synchronizer = new Synchronizer({
    ...optionsFor(local, container, ancestor),
    clock: { ...systemClock, sleep },
    trashLimits: { local: 10, container: 10 },
    onState: (now) => {
      state = now;
    },
  });
  const running = synchronizer.run();
  await eventually(() => expect(state.problems).toHaveLength(1));
  // Hints that bring nothing new, such as those of what was tried, are no reason to try again.
  for (let hint = 0; hint < 10; hint++) {
    container.onHint();
    await nextTurn();
  }
  expect(container.attempts).toBe(1);
  expect(state.problems).toEqual([expect.objectContaining({ path: 'file', problem: 'no space is left' })]);
  // A change on a side: now it is worth a try.
  Object.assign(container, { tree: directory({}) });
  container.onHint();
  await eventually(() => expect(container.attempts).toBe(2));
  // And after a second by itself.
  sleeping.find(({ ms }) => ms === 1000)?.wake();
  await eventually(() => expect(container.attempts).toBe(3));
  // What was tried in vain is no change.
  expect(state.lastChange).toBeUndefined();
  stop.abort();
  await running;
});

test('a flush tries again what was being written to, and gives up what fails in the same way', async () => {
  const file = version('a');
  const ancestor = new AncestorStore(folder);
  ancestor.begin('here', undefined);
  const flushed = async (failures: number) => {
    const container = fakeFullEndpoint(directory({}));
    const { apply } = container;
    container.apply = async (operations, name) => {
      if (container.attempts < failures) return await apply(operations, name);
      container.attempts++;
      Object.assign(container, { tree: directory({ file }) });
      return operations.map(({ path }) => ({ path }));
    };
    const local = fakeFullEndpoint(directory({ file }));
    const { problems } = await new Synchronizer(optionsFor(local, container, ancestor)).flush();
    ancestor.begin('here', undefined);
    return [container.attempts, problems.length];
  };
  expect(await flushed(1)).toEqual([2, 0]);
  expect(await flushed(9)).toEqual([2, 1]);
});

test('who lets files go has said nothing of those that go afterwards', async () => {
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, version('a')]));
  const left = (count: number) => directory(Object.fromEntries(Object.entries(files).slice(0, count)));
  const local = fakeFullEndpoint(directory(files));
  const container = fakeFullEndpoint(left(10));
  let gone = 0;
  local.apply = async (operations) => {
    gone += operations.length;
    Object.assign(local, { tree: container.tree });
    return operations.map(({ path }) => ({ path }));
  };
  const ancestor = new AncestorStore(folder);
  ancestor.begin('here', directory(files) as Tracked);
  const synchronizer = new Synchronizer(optionsFor(local, container, ancestor));
  expect(await synchronizer.flush()).toMatchObject({
    phase: 'held',
    message: expect.stringMatching(/^20 of 30 files/),
  });
  // More of them go before it is carried out.
  Object.assign(container, { tree: left(5) });
  expect(await synchronizer.resume(true)).toMatchObject({
    phase: 'held',
    message: expect.stringMatching(/^25 of 30 files/),
  });
  expect(gone).toBe(0);
  // Fewer is no more than what was seen.
  Object.assign(container, { tree: left(6) });
  expect(await synchronizer.resume(true)).toMatchObject({ phase: 'watching' });
  expect(gone).toBe(24);
});

test('a tree that is deleted file by file is held like one that goes at once', async () => {
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, version('a')]));
  const left = (count: number) => directory(Object.fromEntries(Object.entries(files).slice(0, count)));
  const [local, container] = [fakeFullEndpoint(directory(files)), fakeFullEndpoint(directory(files))];
  local.apply = async (operations) => {
    Object.assign(local, { tree: container.tree });
    return operations.map(({ path }) => ({ path }));
  };
  const ancestor = new AncestorStore(folder);
  ancestor.begin('here', directory(files) as Tracked);
  const synchronizer = new Synchronizer(optionsFor(local, container, ancestor));
  let count = 30;
  for (; synchronizer.state.phase !== 'held' && count > 0; count--) {
    Object.assign(container, { tree: left(count - 1) });
    await synchronizer.flush();
  }
  expect(synchronizer.state.message).toMatch(/^16 of 30 files/);
  expect(count).toBe(14);
  Object.assign(container, { tree: left(14) });
  expect(await synchronizer.resume(true)).toMatchObject({ phase: 'watching' });
  // Two of fourteen are a person at work again.
  Object.assign(container, { tree: left(12) });
  expect(await synchronizer.flush()).toMatchObject({ phase: 'watching' });
});

test('all conflicts are settled, also those beyond the ones that are listed', async () => {
  const names = Array.from({ length: 1200 }, (_, index) => `f${index}`);
  const all = (one: Entry) => directory(Object.fromEntries(names.map((name) => [name, one])));
  const local = fakeFullEndpoint(all(version('a')));
  const container = fakeFullEndpoint(all(version('b')));
  local.apply = async (operations) => {
    Object.assign(local, { tree: container.tree });
    return operations.map(({ path }) => ({ path }));
  };
  const ancestor = new AncestorStore(folder);
  ancestor.begin('here', undefined);
  const synchronizer = new Synchronizer(optionsFor(local, container, ancestor));
  const { conflicts, conflictCount } = await synchronizer.flush();
  expect([conflicts.length, conflictCount]).toEqual([1000, 1200]);
  expect((await synchronizer.resolveAll('container')).toSorted()).toEqual(names.toSorted());
  expect((await synchronizer.flush()).conflicts).toEqual([]);
});

test('a first reconciliation that was cut off is still the first', async () => {
  const local = fakeFullEndpoint(directory({ file: version('a') }));
  const container = fakeFullEndpoint(directory({ file: version('b') }));
  const ancestor = new AncestorStore(folder);
  ancestor.begin('here', undefined);
  let done = 0;
  const begin = () =>
    new Synchronizer({
      ...optionsFor(local, container, ancestor),
      firstMode: 'two-way-resolved',
      onFirstDone: () => done++,
    });
  container.apply = () => Promise.reject(new Error('the stream broke'));
  await expect(begin().flush()).rejects.toThrow('the stream broke');
  expect(done).toBe(0);
  container.apply = async (operations) => {
    Object.assign(container, { tree: local.tree });
    return operations.map(({ path }) => ({ path }));
  };
  expect((await begin().flush()).conflicts).toEqual([]);
  expect(done).toBe(1);
});

test('what only the container has and cannot be saved here stays there, and keeps nothing else', async () => {
  const [theirs, ours] = [version('b'), version('a')];
  const local = fakeFullEndpoint(directory({ ours }));
  const container = fakeFullEndpoint(directory({ folder: directory({ log: theirs }), gone: theirs }));
  local.discard = async (items) =>
    items.flatMap(({ path }) => (path === 'gone' ? [] : [{ path, problem: 'it changed while it was read' }]));
  const asked: string[] = [];
  container.apply = async (operations) => {
    asked.push(...operations.map(({ path }) => path));
    Object.assign(container, { tree: directory({ folder: directory({ log: theirs }), ours }) });
    return operations.map(({ path }) => ({ path }));
  };
  const options = optionsFor(local, container, new AncestorStore(folder));
  const { problems } = await new Synchronizer({ ...options, mode: 'one-way-replica' }).flush();
  expect(asked.sort()).toEqual(['gone', 'ours']);
  expect(problems).toEqual([expect.objectContaining({ path: 'folder/log' })]);
});

test('idleness costs no memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used: number[] = [];
  let looks = 0;
  const sleep = async () => {
    if (++looks % 50_000 > 0) return;
    collect();
    used.push(process.memoryUsage().heapUsed);
    if (used.length === 3) stop.abort();
  };
  const sides = [fakeFullEndpoint(directory({})), fakeFullEndpoint(directory({}))] as const;
  const options = optionsFor(...sides, new AncestorStore(folder));
  await new Synchronizer({ ...options, clock: { ...systemClock, sleep } }).run();
  const [, warm = 0, after = 0] = used;
  expect(after - warm).toBeLessThan(1 << 20);
});

describe('a pause', () => {
  test('lasts, whatever is under way when it begins', async () => {
    const file = version('a');
    const local = fakeFullEndpoint(directory({ file }));
    const container = fakeFullEndpoint(directory({}));
    const notBegun = () => {};
    let finish = notBegun;
    container.apply = (operations) =>
      new Promise((resolve) => {
        finish = () => resolve(operations.map(({ path }) => ({ path })));
      });
    const synchronizer = new Synchronizer(optionsFor(local, container, new AncestorStore(folder)));
    const flushed = synchronizer.flush();
    await eventually(() => expect(finish).not.toBe(notBegun));
    const paused = synchronizer.pause();
    finish();
    await Promise.all([flushed, paused]);
    expect(synchronizer.state.phase).toBe('paused');
    expect((await synchronizer.flush()).phase).toBe('paused');
    Object.assign(container, { tree: directory({ file }) });
    expect((await synchronizer.resume(false)).phase).toBe('watching');
  });

  test('is known to whoever runs the sync next', async () => {
    // Of what it is told to work with, little matters before it runs.
    const anew = () => new SyncRunner({ folder, signal: stop.signal } as RunnerOptions);
    await anew().pause();
    expect(anew().isPaused).toBe(true);
    await anew().resume(false);
    expect(anew().isPaused).toBe(false);
  });
});

describe('a stream that breaks before the answer', () => {
  let ancestor: AncestorStore;
  let unanswered: UnansweredOperations;
  beforeEach(() => {
    ancestor = new AncestorStore(folder);
    ancestor.begin('here', directory({ file: version('0') }));
    unanswered = new UnansweredOperations();
    unanswered.begin('here');
  });

  /** A container with this version, which takes whatever is sent to it. */
  function willing(digit: string) {
    const container = fakeFullEndpoint(directory({ file: version(digit) }));
    container.apply = async (operations) => {
      Object.assign(container, { tree: directory({ file: version('2') }) });
      return operations.map(({ path }) => ({ path }));
    };
    return container;
  }

  /** Sends version 1 to a container that cannot say what became of it. */
  async function loseOne(): Promise<void> {
    const lost = fakeFullEndpoint(directory({ file: version('0') }));
    lost.apply = () => Promise.reject(new Error('the stream ended'));
    const local = fakeFullEndpoint(directory({ file: version('1') }));
    const first = new Synchronizer({ ...optionsFor(local, lost, ancestor), unanswered });
    await expect(first.flush()).rejects.toThrow('the stream ended');
  }

  /** The file is edited once more here, then both sides are brought together. Returns the paths in conflict. */
  async function conflictsWith(
    container: Endpoint,
    known: { unanswered?: UnansweredOperations } = { unanswered },
  ) {
    unanswered.begin('here');
    const local = fakeFullEndpoint(directory({ file: version('2') }));
    const next = new Synchronizer({ ...optionsFor(local, container, ancestor), ...known });
    return (await next.flush()).conflicts.map(({ path }) => path);
  }

  test('is no conflict where the container has what was sent to it', async () => {
    await loseOne();
    expect(await conflictsWith(willing('1'), {})).toEqual(['file']);
    expect(await conflictsWith(willing('1'))).toEqual([]);
  });

  test('is none either where the old agent does it behind the back of the new one', async () => {
    await loseOne();
    const container = willing('0');
    const { apply } = container;
    container.apply = async (operations) => {
      container.apply = apply;
      Object.assign(container, { tree: directory({ file: version('1') }) });
      return operations.map(({ path }) => ({ path, problem: 'it has changed meanwhile' }));
    };
    expect(await conflictsWith(container)).toEqual([]);
    expect(container.tree).toEqual(directory({ file: version('2') }));
  });

  test('leaves a conflict where the container has something else, or is another one', async () => {
    await loseOne();
    expect(await conflictsWith(willing('3'))).toEqual(['file']);
    unanswered.begin('there');
    expect(unanswered.done(directory({ file: version('1') }), undefined)).toEqual([]);
  });

  test('has no meaning a minute after the next one was begun: somebody else has made what is found then', async () => {
    await loseOne();
    const found = directory({ file: version('1') });
    unanswered.begin('here', 1000);
    expect(unanswered.done(found, ancestor.tree, 61_001)).toEqual([]);
    expect(unanswered.done(found, ancestor.tree, 1000)).toEqual([]);
  });

  test('takes nothing back of what is known of a directory by now', () => {
    unanswered.sent([{ path: 'new', old: undefined, new: { kind: 'directory', children: new Map() } }]);
    unanswered.begin('here');
    const tree = directory({ new: directory({ file: version('1') }) });
    expect(unanswered.done(tree, tree)).toEqual([]);
  });
});
