/** The task store and its lock on a real API server: writers at once, and holders that die. */
import { describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { RefusedError } from '../../src/errors.ts';
import { configMaps, jobs, pods, secrets } from '../../src/kube/api/resources.ts';
import { waitFor, waitGone } from '../../src/kube/watch/wait.ts';
import { removeChildren } from '../../src/tasks/children.ts';
import { acquire } from '../../src/tasks/lock.ts';
import { taskLabels } from '../../src/tasks/names.ts';
import { ownerReference } from '../../src/tasks/record.ts';
import { TaskStore } from '../../src/tasks/store.ts';
import { eventually, eventuallySees } from '../support/eventually.ts';
import { patienceMs } from './support/clients.ts';
import { lockHolders, recordingClock } from './support/lock-holders.ts';
import { inNamespace } from './support/namespace.ts';

const place = inNamespace('A');
const { lockOf, otherProcess } = lockHolders(place);

function storeOf(): TaskStore {
  return new TaskStore({ kube: place().kube, tool: 'test', schema: 1, clock: systemClock });
}

describe('two writers at once', () => {
  test('of a lock: exactly one has it, and the others are told who', async () => {
    const { kube } = place();
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => acquire(kube, lockOf('race'))));
    const held = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    const errors = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [attempt.reason] : []));
    await Promise.all(held.map((lock) => lock.release()));
    expect(held).toHaveLength(1);
    for (const error of errors) expect(error).toBeInstanceOf(RefusedError);
    expect(await kube.find(configMaps, lockOf('race'))).toBeUndefined();
  });

  test('of a record: nothing is lost', async () => {
    const store = storeOf();
    const { record } = await store.open({
      namespace: place().namespace,
      task: 'many',
      role: 'target',
      spec: {},
    });
    const count = (n: number) =>
      store.update(record, (state) => {
        state.checkpoints[`writer-${n}`] = true;
        state.checkpoints.count = Number(state.checkpoints.count ?? 0) + 1;
      });
    await Promise.all(Array.from({ length: 10 }, (_, n) => count(n)));
    const now = await store.find(record.namespace, 'many', 'target');
    expect(now?.checkpoints.count).toBe(10);
    expect(Object.keys(now?.checkpoints ?? {})).toHaveLength(11);
  });

  test('of a name: one makes the record, the other finds it', async () => {
    const task = { namespace: place().namespace, task: 'both', role: 'target', spec: { a: 1 } };
    const [first, second] = await Promise.all([storeOf().open(task), storeOf().open(task)]);
    expect([first.outcome, second.outcome].sort()).toEqual(['created', 'found']);
    expect(first.record.uid).toBe(second.record.uid);
  });
});

describe('a lock of another process', () => {
  test('is refused at once while it lives, and says who', async () => {
    const child = await otherProcess('live');
    const { clock, sleeps } = recordingClock();
    const error = await acquire(place().kube, { ...lockOf('live'), clock }).catch((e) => e);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error.message).toMatch(new RegExp(`in use by .+ \\(process ${child.process.pid}\\)`));
    expect(error.details).toContain('for: task live');
    expect(sleeps).toEqual([]);
  });

  test('is free once it is released', async () => {
    const child = await otherProcess('polite');
    child.tell('release');
    await child.hear('released');
    const held = await acquire(place().kube, lockOf('polite'));
    await held.release();
  });

  test('is taken over at once after a SIGKILL on this machine, and its run is resumed', async () => {
    const child = await otherProcess('killed');
    child.kill('SIGKILL');
    await child.ended();
    const { clock, sleeps } = recordingClock();
    const held = await acquire(place().kube, { ...lockOf('killed'), clock });
    expect(sleeps).toEqual([]);
    const store = storeOf();
    const task = { namespace: place().namespace, task: 'killed', role: 'target', spec: { uid: 'a' } };
    const opened = await store.open(task);
    expect(opened).toMatchObject({ outcome: 'found', record: { phase: 'Running' } });
    const { record, outcome } = await store.start(opened.record, held);
    expect(outcome).toBe('resumed');
    expect(record).toMatchObject({ checkpoints: { files: 7 }, holder: held.holder, run: 1 });
    await held.release();
  });
});

describe('a task', () => {
  test('with another specification is refused, with the difference', async () => {
    const store = storeOf();
    const { namespace } = place();
    const task = { namespace, task: 'differs', role: 'target', spec: { source: 'a', delete: false } };
    await store.open(task);
    const error = await store.open({ ...task, spec: { source: 'b', delete: false } }).catch((e) => e);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error.details).toEqual(['source: a → b']);
    expect((await store.find(namespace, 'differs', 'target'))?.spec).toEqual({ source: 'a', delete: false });
  });

  test('is found by what it is about, and taken for a new run once it is finished', async () => {
    const store = storeOf();
    const { namespace } = place();
    const spec = { source: 'found' };
    const { record } = await store.open({ namespace, task: 'found', role: 'target', spec });
    expect((await store.unfinished(spec, { namespace, role: 'target' })).map(({ task }) => task)).toEqual([
      'found',
    ]);
    await store.update(record, (state) => {
      state.startedAt = new Date().toISOString();
      state.phase = 'Succeeded';
      state.checkpoints = { done: true };
    });
    expect(await store.unfinished(spec, { namespace, role: 'target' })).toEqual([]);
    const again = await store.start(record, { holder: 'test' });
    expect(again).toMatchObject({ outcome: 'again', record: { run: 2, checkpoints: {} } });
  });

  /** A task with a Secret and a Job, whose pod never gets its image. */
  async function withChildren(task: string) {
    const { kube, namespace } = place();
    const store = storeOf();
    const { record } = await store.open({ namespace, task, role: 'target', spec: {} });
    const labels = taskLabels('test', task, 'target');
    const metadata = { namespace, name: record.name, labels, ownerReferences: [ownerReference(record)] };
    await kube.create(secrets, { metadata });
    const containers = [{ name: 'main', image: 'invalid.invalid/none:1' }];
    const template = { metadata: { labels }, spec: { restartPolicy: 'Never', containers } };
    await kube.create(jobs, { metadata, spec: { template } });
    const labelSelector = `x8s.dev/task=${task}`;
    const { items } = await eventuallySees(
      () => kube.list(pods, { namespace, labelSelector }),
      ({ items }) => items.length > 0,
    );
    return { store, record, pod: { namespace, name: items[0]?.metadata.name ?? '' } };
  }

  test('takes all that it owns along when its record is removed', async () => {
    const { kube, namespace } = place();
    const { store, record, pod } = await withChildren('owner');
    await store.remove(record);
    const limit = { timeoutMs: patienceMs };
    await waitGone(kube, secrets, { namespace, name: record.name }, limit);
    await waitGone(kube, jobs, { namespace, name: record.name }, limit);
    await waitGone(kube, pods, pod, limit);
    expect(await store.find(namespace, 'owner', 'target')).toBeUndefined();
  });

  test('can have its children removed, and keeps its record', async () => {
    const { kube, namespace } = place();
    const { store, record, pod } = await withChildren('parent');
    const stranger = { namespace, name: 'stranger', labels: taskLabels('test', 'parent', 'target') };
    await kube.create(secrets, { metadata: stranger });
    const kinds = [jobs, secrets, pods];
    const left = await removeChildren(kube, record, { kinds, limitMs: patienceMs, clock: systemClock });
    expect(left).toEqual([]);
    expect(await kube.find(pods, pod)).toBeUndefined();
    expect(await kube.find(jobs, { namespace, name: record.name })).toBeUndefined();
    expect(await kube.find(secrets, { namespace, name: record.name })).toBeUndefined();
    expect(await kube.find(secrets, stranger)).toBeDefined();
    expect(await store.find(namespace, 'parent', 'target')).toMatchObject({ uid: record.uid });
  });

  test('is opened anew once the record that is being deleted has gone', async () => {
    const { kube, namespace } = place();
    const store = storeOf();
    const task = { namespace, task: 'leaving', role: 'target', spec: {} };
    const { record } = await store.open(task);
    const finalizers = ['x8s.dev/test'];
    await kube.patch(configMaps, record, { metadata: { finalizers } }, { type: 'merge' });
    const removing = store.remove(record);
    await waitFor(kube, configMaps, record, (now) => now?.metadata.deletionTimestamp, {
      timeoutMs: patienceMs,
    });
    // It looks at the record from then on, by a watch, as whoever removes it does.
    const watches = jest.spyOn(kube, 'stream');
    const opening = store.open(task);
    await eventually(() => expect(watches).toHaveBeenCalled());
    watches.mockRestore();
    await kube.patch(configMaps, record, { metadata: { finalizers: null } }, { type: 'merge' });
    await removing;
    const opened = await opening;
    expect(opened.outcome).toBe('created');
    expect(opened.record.uid).not.toBe(record.uid);
  });
});
