import { expect, test } from '@jest/globals';
import { type Clock, systemClock } from '../../../../src/clock.ts';
import type { KubeObject } from '../../../../src/kube/api/objects.ts';
import { jobs, pods, secrets } from '../../../../src/kube/api/resources.ts';
import { removeChildren } from '../../../../src/tasks/children.ts';
import { taskLabels } from '../../../../src/tasks/names.ts';
import { ownerReference } from '../../../../src/tasks/record.ts';
import { TaskStore } from '../../../../src/tasks/store.ts';
import { eventually } from '../../../support/eventually.ts';
import { fakeClock, settle } from '../../support/fake-clock.ts';
import { apiError, FakeCluster } from '../../support/fake-cluster.ts';
import { fakeKube } from '../../support/fake-kube.ts';

const labels = taskLabels('x8sync', 'web', 'target');
const ownedBy = (name: string, kind: string, uid: string) => ({ apiVersion: 'v1', kind, name, uid });

async function scene() {
  const cluster = new FakeCluster();
  const kube = fakeKube(cluster);
  const store = new TaskStore({ kube, tool: 'x8sync', schema: 1, clock: systemClock });
  const { record } = await store.open({ namespace: 'prod', task: 'web', role: 'target', spec: {} });
  const make = (collection: string, name: string, more: Partial<KubeObject['metadata']>) =>
    cluster.create(collection, { metadata: { name, namespace: 'prod', labels, ...more } }).metadata;
  const owner = ownerReference(record);
  const job = make('batch/jobs', record.name, { ownerReferences: [owner] });
  make('/pods', 'mover-x', { ownerReferences: [ownedBy(record.name, 'Job', job.uid ?? '')] });
  make('/secrets', 'keys', { ownerReferences: [owner] });
  const remove = (limitMs = 5000, clock: Clock = systemClock) =>
    removeChildren(kube, record, { kinds: [jobs, pods, secrets], limitMs, clock });
  return { cluster, kube, make, remove };
}

test('children and what they own are gone, also without the garbage collector, and the record stays', async () => {
  const { cluster, remove } = await scene();
  cluster.collectsGarbage = false;
  expect(await remove()).toEqual([]);
  expect(['batch/jobs', '/pods', '/secrets'].flatMap((kind) => cluster.all(kind))).toEqual([]);
  expect(cluster.all('/configmaps')).toHaveLength(1);
});

test('what bears the labels and was not made by this task is left', async () => {
  const { cluster, make, remove } = await scene();
  make('/pods', 'copied-by-hand', {});
  make('/pods', 'of-a-successor', { ownerReferences: [ownedBy('x8sync-web-target', 'ConfigMap', 'other')] });
  expect(await remove()).toEqual([]);
  expect(cluster.all('/pods').map(({ metadata }) => metadata.name)).toEqual([
    'copied-by-hand',
    'of-a-successor',
  ]);
});

test('what does not go within the limit is named', async () => {
  const { make, remove } = await scene();
  make('/pods', 'stuck', { ownerReferences: [ownedBy('gone', 'Job', 'gone')], finalizers: ['a/b'] });
  const clock = fakeClock();
  const removed = remove(60_000, clock);
  await settle();
  await clock.advance(60_000);
  expect(await removed).toEqual([expect.stringMatching(/pods? .*stuck.* to go.*no one has deleted it/i)]);
});

test('without a limit they are waited for as long as it takes', async () => {
  const { cluster, kube, make, remove } = await scene();
  const finalizers = ['x8s.dev/test'];
  const owner = cluster
    .all('/configmaps')
    .map(({ metadata }) => ownedBy(metadata.name, 'ConfigMap', metadata.uid ?? ''));
  make('/pods', 'held', { ownerReferences: owner, finalizers });
  const removed = remove(0);
  await eventually(() =>
    expect(kube.calls).toContainEqual(expect.objectContaining({ verb: 'watch', collection: '/pods' })),
  );
  const held = cluster.find('/pods', 'prod', 'held');
  if (held) cluster.replace('/pods', { ...held, metadata: { ...held.metadata, finalizers: [] } });
  expect(await removed).toEqual([]);
});

test('a kind that may not be listed was not made', async () => {
  const { kube, remove } = await scene();
  kube.before = ({ verb, collection }) => {
    if (verb === 'list' && collection === '/secrets')
      throw apiError(403, 'secrets is forbidden', 'Forbidden');
  };
  expect(await remove()).toEqual([]);
});

test('a kind that the cluster does not know any more has no objects', async () => {
  const { kube, remove } = await scene();
  kube.before = ({ verb, collection }) => {
    if (verb === 'list' && collection === '/secrets') throw apiError(404, 'page not found', 'NotFound');
  };
  expect(await remove()).toEqual([]);
});
