import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Entry, Tracked } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { AncestorStore } from '../../../../../../plugins/devsync/session/ancestor/ancestor-store.ts';
import { Synchronizer } from '../../../../../../plugins/devsync/session/cycle/synchronizer.ts';
import type { RunnerOptions } from '../../../../../../plugins/devsync/session/runner/runner-options.ts';
import { SyncRunner } from '../../../../../../plugins/devsync/session/runner/sync-runner.ts';
import { noState } from '../../../../../../plugins/devsync/session/status/state.ts';
import type { Endpoint, KeepingEndpoint } from '../../../../../../plugins/devsync/sync/endpoint.ts';
import { nextTurn } from '../../../../../../src/async/next-turn.ts';
import { systemClock } from '../../../../../../src/clock.ts';
import { eventually } from '../../../../../support/eventually.ts';
import {
  optionsFor as commonOptions,
  directory,
  fakeFullEndpoint,
  version,
} from '../../support/fake-endpoints.ts';

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

/** What all synchronizers here have in common. */
const optionsFor = (local: KeepingEndpoint, container: Endpoint, ancestor: AncestorStore) =>
  commonOptions(local, container, ancestor, stop.signal);

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

test('what it amounts to is said from its first state on: one that begins anew has not lost its files', async () => {
  const tree = directory({ a: version('a'), b: version('b') });
  const files = new Set<number>();
  const synchronizer = new Synchronizer({
    ...optionsFor(fakeFullEndpoint(tree), fakeFullEndpoint(tree), new AncestorStore(folder)),
    onState: (state) => files.add(state.files),
  });
  await synchronizer.flush();
  expect([...files]).toEqual([2]);
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
    const spec = { local: { path: folder } };
    const onLog = () => {};
    const anew = () =>
      new SyncRunner({ folder, spec, onLog, signal: stop.signal } as unknown as RunnerOptions);
    await anew().pause();
    expect(anew().isPaused).toBe(true);
    await anew().resume(false);
    expect(anew().isPaused).toBe(false);
  });
});
