import { describe, expect, test } from '@jest/globals';
import { RefusedError } from '../../../../src/errors.ts';
import { configMaps } from '../../../../src/kube/api/resources.ts';
import { ownerReference } from '../../../../src/tasks/record.ts';
import { TaskStore } from '../../../../src/tasks/store.ts';
import { fakeClock, settle } from '../../support/fake-clock.ts';
import { FakeCluster } from '../../support/fake-cluster.ts';
import { fakeKube } from '../../support/fake-kube.ts';

const web = {
  namespace: 'prod',
  task: 'web',
  role: 'target',
  spec: { source: { uid: 'a' }, delete: false },
};
const ref = { namespace: 'prod', name: 'x8sync-web-target' };

function scene(schema = 1) {
  const cluster = new FakeCluster();
  const clock = fakeClock();
  const kube = fakeKube(cluster, { context: 'lab-b' });
  const store = new TaskStore({ kube, tool: 'x8sync', schema, clock });
  return { cluster, clock, kube, store };
}

/** Somebody else's write, in between. */
function meddle(cluster: FakeCluster, change: (annotations: Record<string, string>) => void) {
  const object = cluster.find('/configmaps', ref.namespace, ref.name);
  if (!object) throw new Error('there is nothing to meddle with');
  object.metadata.annotations = { ...object.metadata.annotations };
  change(object.metadata.annotations);
  cluster.replace('/configmaps', object);
}

describe('opening a task', () => {
  test('makes its record', async () => {
    const { kube, store } = scene();
    const peer = { server: 'https://a', namespace: 'here' };
    const { record, outcome } = await store.open({
      ...web,
      peer,
      labels: { pair: '1' },
      annotations: { by: 'me' },
    });
    expect(outcome).toBe('created');
    expect(record).toMatchObject({ ...web, peer, phase: 'Pending', run: 1, checkpoints: {}, schema: 1 });
    const object = await kube.get(configMaps, ref);
    expect(object.metadata.labels).toEqual({
      pair: '1',
      'app.kubernetes.io/managed-by': 'kubectl-x8sync',
      'x8s.dev/task': 'web',
      'x8s.dev/role': 'target',
    });
    expect(object.metadata.annotations).toMatchObject({ by: 'me', 'x8s.dev/phase': 'Pending' });
    expect(object.data).toEqual({
      spec: '{"delete":false,"source":{"uid":"a"}}',
      checkpoints: '{}',
      peer: '{"server":"https://a","namespace":"here"}',
    });
  });

  test('finds the one that is there, and leaves it as it is', async () => {
    const { store } = scene();
    const first = await store.open(web);
    const second = await store.open({ ...web, spec: { delete: false, source: { uid: 'a' } } });
    expect(second).toEqual({ record: first.record, outcome: 'found' });
  });

  test('can be asked about beforehand, which makes no record, and refuses what opening would', async () => {
    const { store } = scene();
    expect(await store.look(web)).toBeUndefined();
    expect(await store.list()).toEqual([]);
    const { record } = await store.open(web);
    expect(await store.look(web)).toEqual(record);
    await expect(store.look({ ...web, spec: {} })).rejects.toThrow(/is about something else/);
  });

  test('refuses another specification, and says what differs', async () => {
    const { store } = scene();
    await store.open(web);
    const error = await store.open({ ...web, spec: { source: { uid: 'b' }, delete: false } }).catch((e) => e);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error.message).toContain('ConfigMap prod/x8sync-web-target (context lab-b)');
    expect(error.details).toEqual(['source.uid: a → b']);
  });

  test('refuses an object of that name that is no task', async () => {
    const { cluster, store } = scene();
    cluster.create('/configmaps', { metadata: ref, data: { precious: 'yes' } });
    await expect(store.open(web)).rejects.toThrow(/was not made by kubectl x8sync/);
    await expect(store.find('prod', 'web', 'target')).rejects.toThrow(RefusedError);
  });

  test('refuses the record of a newer version, which is still listed', async () => {
    const { kube, clock, store } = scene(2);
    await store.open(web);
    const older = new TaskStore({ kube, tool: 'x8sync', schema: 1, clock });
    await expect(older.open(web)).rejects.toThrow(
      /a newer version of the plugin wrote it \(schema 2, known is 1\)/,
    );
    const [record] = await older.list();
    expect(record?.unreadable).toMatch(/newer version/);
    if (record) await expect(older.update(record, () => undefined)).rejects.toThrow(RefusedError);
  });

  test('refuses the record of an older version, and says so', async () => {
    const { kube, clock, store } = scene(1);
    await store.open(web);
    const newer = new TaskStore({ kube, tool: 'x8sync', schema: 2, clock });
    await expect(newer.open(web)).rejects.toMatchObject({
      details: ['schema: 1 → 2 (version of the plugin)'],
    });
  });

  test('refuses a record that somebody broke', async () => {
    const { kube, store } = scene();
    await store.open(web);
    await kube.patch(configMaps, ref, { data: { checkpoints: '{' } }, { type: 'merge' });
    await expect(store.open(web)).rejects.toThrow(/data\.checkpoints is not JSON/);
  });

  test('waits for a record that is being deleted', async () => {
    const { cluster, kube, store } = scene();
    const { record } = await store.open(web);
    await kube.patch(configMaps, ref, { metadata: { finalizers: ['a/b'] } }, { type: 'merge' });
    await kube.delete(configMaps, ref);
    const opening = store.open(web);
    await settle();
    expect(cluster.find('/configmaps', ref.namespace, ref.name)?.metadata.uid).toBe(record.uid);
    await kube.patch(configMaps, ref, { metadata: { finalizers: null } }, { type: 'merge' });
    const opened = await opening;
    expect(opened.outcome).toBe('created');
    expect(opened.record.uid).not.toBe(record.uid);
  });

  test('gives up on a record that is being deleted and never goes', async () => {
    const { clock, kube, store } = scene();
    await store.open(web);
    await kube.patch(configMaps, ref, { metadata: { finalizers: ['a/b'] } }, { type: 'merge' });
    await kube.delete(configMaps, ref);
    const opening = store.open(web).catch((error) => error);
    await clock.advance(60_000);
    expect(await opening).toMatchObject({
      exitCode: 124,
      message: expect.stringMatching(/x8sync-web-target.* to go/),
    });
  });

  test('is one record, whoever of two is first', async () => {
    const { store } = scene();
    const both = await Promise.all([store.open(web), store.open(web)]);
    expect(both.map(({ outcome }) => outcome).sort()).toEqual(['created', 'found']);
    expect(both[0].record.uid).toBe(both[1].record.uid);
  });
});

describe('starting a run', () => {
  test('is fresh, resumed, or again', async () => {
    const { clock, store } = scene();
    const { record } = await store.open(web);
    const first = await store.start(record, { holder: 'alice@laptop' });
    expect(first).toMatchObject({
      outcome: 'fresh',
      record: { phase: 'Running', run: 1, holder: 'alice@laptop' },
    });
    await store.update(record, (state) => {
      state.checkpoints.files = 7;
      state.phase = 'Failed';
      state.finishedAt = clock.now().toISOString();
      state.message = 'no space left';
    });
    await clock.advance(60_000);
    const second = await store.start(record, { holder: 'bob@desk' });
    expect(second).toMatchObject({ outcome: 'resumed', record: { run: 1, checkpoints: { files: 7 } } });
    expect(second.record).toMatchObject({ message: undefined, finishedAt: undefined, holder: 'bob@desk' });
    expect(second.record.startedAt).toBe(first.record.startedAt);
    await store.update(record, (state) => {
      state.phase = 'Succeeded';
    });
    const third = await store.start(record, { holder: 'bob@desk' });
    expect(third).toMatchObject({ outcome: 'again', record: { run: 2, checkpoints: {}, phase: 'Running' } });
    expect(third.record.startedAt).not.toBe(first.record.startedAt);
  });

  test('says what the record was by then, so that a run which comes to nothing can put that back', async () => {
    const { store } = scene();
    const { record } = await store.open(web);
    await store.start(record, { holder: 'alice@laptop' });
    const ended = await store.update(record, (state) => {
      state.checkpoints.files = 7;
      state.phase = 'Succeeded';
    });
    // As it was read before that.
    const { before, record: begun } = await store.start(record, { holder: 'bob@desk' });
    expect(begun).toMatchObject({ phase: 'Running', run: 2, checkpoints: {} });
    const restored = await store.update(begun, (state) => Object.assign(state, before));
    const { phase, run, checkpoints, startedAt, holder } = ended;
    expect(restored).toMatchObject({ phase, run, checkpoints, startedAt, holder });
  });
});

describe('updating a record', () => {
  test('applies the change to what the record is by now', async () => {
    const { cluster, store } = scene();
    const { record } = await store.open(web);
    meddle(cluster, (annotations) => {
      annotations['x8s.dev/message'] = 'written in between';
    });
    const updated = await store.update(record, (state) => {
      state.progress = '10 %';
    });
    expect(updated).toMatchObject({ progress: '10 %', message: 'written in between' });
  });

  test('loses nothing where many write at once', async () => {
    const { kube, clock, store } = scene();
    const { record } = await store.open(web);
    const stores = [1, 2, 3, 4].map(() => new TaskStore({ kube, tool: 'x8sync', schema: 1, clock }));
    const writes = stores.map((one) =>
      one.update(record, (state) => {
        state.checkpoints.count = Number(state.checkpoints.count ?? 0) + 1;
      }),
    );
    await clock.advance(1000);
    await Promise.all(writes);
    expect((await store.find('prod', 'web', 'target'))?.checkpoints).toEqual({ count: 4 });
  });

  test('carries what it does not know through', async () => {
    const { kube, store } = scene();
    const { record } = await store.open(web);
    const more = { metadata: { annotations: { team: 'a' } }, data: { later: 'x' } };
    await kube.patch(configMaps, ref, more, { type: 'merge' });
    await store.update(record, (state) => {
      state.phase = 'Paused';
    });
    const object = await kube.get(configMaps, ref);
    expect(object.data?.later).toBe('x');
    expect(object.metadata.annotations).toMatchObject({ team: 'a', 'x8s.dev/phase': 'Paused' });
  });

  test('refuses where the task was deleted, also where its name exists again', async () => {
    const { kube, store } = scene();
    const { record } = await store.open(web);
    await kube.delete(configMaps, ref);
    await expect(store.update(record, () => undefined)).rejects.toThrow(/was deleted while it ran/);
    const again = await store.open(web);
    await expect(store.update(record, () => undefined)).rejects.toThrow(/was deleted while it ran/);
    expect(await store.find('prod', 'web', 'target')).toEqual(again.record);
  });

  test('clips what is too long for an annotation', async () => {
    const { store } = scene();
    const { record } = await store.open(web);
    const updated = await store.update(record, (state) => {
      state.message = 'x'.repeat(300_000);
    });
    expect(updated.message).toHaveLength(4096);
  });
});

describe('redefining a task', () => {
  const other = { source: { uid: 'a' }, delete: true };

  test('changes its specification and nothing else, whatever else is written meanwhile', async () => {
    const { cluster, store } = scene();
    const { record } = await store.open(web);
    meddle(cluster, (annotations) => {
      annotations['x8s.dev/message'] = 'kept';
    });
    const redefined = await store.redefine(record, other);
    expect(redefined).toMatchObject({ uid: record.uid, spec: other, message: 'kept', phase: 'Pending' });
    expect((await store.open({ ...web, spec: other })).outcome).toBe('found');
  });

  test('is refused where somebody else has redefined or deleted it meanwhile', async () => {
    const { store } = scene();
    const { record } = await store.open(web);
    await store.redefine(record, other);
    await expect(store.redefine(record, { delete: 'third' })).rejects.toThrow(RefusedError);
    await store.remove(record);
    await expect(store.redefine(record, other)).rejects.toThrow(/was deleted/);
  });
});

describe('finding tasks', () => {
  test('lists records only, the oldest first, by what is asked for', async () => {
    const { cluster, store } = scene();
    const { record } = await store.open(web);
    await store.open({ ...web, role: 'source' });
    await store.open({ ...web, task: 'db', namespace: 'test' });
    const labels = { ...record.object.metadata.labels };
    cluster.create('/configmaps', {
      metadata: { name: 'x8sync-web-target-script', namespace: 'prod', labels },
    });
    cluster.create('/configmaps', { metadata: { name: 'x8sync-web-other', namespace: 'prod' } });
    const names = async (filter: Parameters<TaskStore['list']>[0]) =>
      (await store.list(filter)).map(({ namespace, name }) => `${namespace}/${name}`);
    expect(await names({})).toEqual([
      'test/x8sync-db-target',
      'prod/x8sync-web-source',
      'prod/x8sync-web-target',
    ]);
    expect(await names({ namespace: 'prod', role: 'target' })).toEqual(['prod/x8sync-web-target']);
    expect(await names({ task: 'db' })).toEqual(['test/x8sync-db-target']);
  });

  test('finds the unfinished tasks of a specification, whatever their name', async () => {
    const { store } = scene();
    const done = await store.open({ ...web, task: 'done' });
    await store.update(done.record, (state) => {
      state.phase = 'Succeeded';
    });
    const failed = await store.open({ ...web, task: 'failed' });
    await store.update(failed.record, (state) => {
      state.phase = 'Failed';
    });
    await store.open({ ...web, task: 'other', spec: { source: { uid: 'b' } } });
    const found = await store.unfinished(web.spec, { namespace: 'prod', role: 'target' });
    expect(found.map(({ task }) => task)).toEqual(['failed']);
  });
});

describe('removing a record', () => {
  test('deletes it with what it owns', async () => {
    const { cluster, store } = scene();
    const { record } = await store.open(web);
    const child = { name: 'x8sync-web-target', namespace: 'prod', ownerReferences: [ownerReference(record)] };
    cluster.create('/secrets', { metadata: child });
    await store.remove(record);
    expect(cluster.all('/configmaps')).toEqual([]);
    expect(cluster.all('/secrets')).toEqual([]);
  });

  test('leaves a successor of the same name', async () => {
    const { store } = scene();
    const { record } = await store.open(web);
    await store.remove(record);
    const successor = await store.open(web);
    await store.remove(record);
    expect(await store.find('prod', 'web', 'target')).toEqual(successor.record);
  });
});
