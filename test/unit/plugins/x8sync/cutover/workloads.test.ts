/** What mounts a claim, and who might start it again. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { otherScalers } from '../../../../../plugins/x8sync/cutover/scalers.ts';
import { scale, usersAmong, workloadsOfPods } from '../../../../../plugins/x8sync/cutover/workloads.ts';
import { workloadsByTemplate } from '../../../../../plugins/x8sync/records/claim-workloads.ts';
import type { KubeObject, OwnerReference } from '../../../../../src/kube/api/objects.ts';
import {
  deployments,
  horizontalPodAutoscalers,
  pods,
  type Resource,
  replicaSets,
  statefulSets,
} from '../../../../../src/kube/api/resources.ts';
import { taskLabels } from '../../../../../src/tasks/names.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

let kube: FakeKube;
beforeEach(() => {
  kube = fakeKube();
});
const { signal } = new AbortController();
const namespace = 'shop';
const ref = (claim = 'data') => ({ kube, namespace, claim });
const volumes = (claim: string) => ({
  containers: [],
  volumes: [{ name: 'v', persistentVolumeClaim: { claimName: claim } }],
});

async function make(
  resource: Resource,
  name: string,
  fields: object = {},
  metadata: object = {},
): Promise<KubeObject> {
  const object = { metadata: { name, namespace, ...metadata }, ...fields } as KubeObject;
  return kube.create(resource, object);
}

const ownedBy = ({ metadata }: KubeObject, kind: string): { ownerReferences: OwnerReference[] } => ({
  ownerReferences: [
    { apiVersion: 'apps/v1', kind, name: metadata.name, uid: metadata.uid ?? '', controller: true },
  ],
});
const pod = (name: string, claim: string, metadata: object = {}) =>
  make(pods, name, { spec: volumes(claim), status: { phase: 'Running' } }, metadata);
const template = (claim: string, replicas?: number) => ({
  spec: { template: { spec: volumes(claim) }, ...(replicas !== undefined && { replicas }) },
});

describe('what mounts a claim', () => {
  test('is found through owners, each once', async () => {
    const web = await make(deployments, 'web', template('data', 2));
    const set = await make(replicaSets, 'web-1', {}, ownedBy(web, 'Deployment'));
    for (const name of ['web-1-a', 'web-1-b']) await pod(name, 'data', ownedBy(set, 'ReplicaSet'));
    const db = await make(statefulSets, 'db', template('other'));
    await pod('db-0', 'data', ownedBy(db, 'StatefulSet'));
    await pod('else', 'other');
    const found = await workloadsOfPods(ref(), signal);
    expect(found.map(({ kind, name, replicas }) => [kind, name, replicas]).sort()).toEqual([
      ['Deployment', 'web', 2],
      ['StatefulSet', 'db', 1],
    ]);
  });

  test.each<[string, object, string, RegExp]>([
    ['a bare pod', {}, 'delete pod/lonely', /and has no controller: /],
    [
      'a DaemonSet',
      { kind: 'DaemonSet' },
      `patch daemonset/logs -p '{"spec":{"template":{"spec":{"nodeSelector":{"x8s.dev/nowhere":"true"}}}}}'`,
      /belongs to DaemonSet logs: /,
    ],
    ['a Job', { kind: 'Job' }, `patch job/logs -p '{"spec":{"suspend":true}}'`, /belongs to Job logs: /],
    [
      'a ReplicationController',
      { kind: 'ReplicationController' },
      'scale replicationcontroller/logs --replicas=0',
      /belongs to ReplicationController logs: /,
    ],
    ['a kind of somebody', { kind: 'Runner' }, 'describe pod/lonely', /belongs to Runner logs: /],
  ])('%s is refused, with how to end it', async (_, { kind }: { kind?: string }, command, message) => {
    await pod('lonely', 'data', kind === undefined ? {} : ownedBy({ metadata: { name: 'logs' } }, kind));
    await expect(workloadsOfPods(ref(), signal)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(message),
      details: [`kubectl --context fake -n ${namespace} ${command}`],
    });
  });

  test('of a ReplicaSet that has no Deployment is refused by its name: its pods come again', async () => {
    const set = await make(replicaSets, 'bare', template('data', 2));
    await pod('bare-x', 'data', ownedBy(set, 'ReplicaSet'));
    await expect(workloadsOfPods(ref(), signal)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^pod shop\/bare-x mounts fake\/shop\/data and belongs to ReplicaSet bare: /,
      ),
      details: [`kubectl --context fake -n ${namespace} scale replicaset/bare --replicas=0`],
    });
  });

  test('is found by its template, also where it makes its claims itself', async () => {
    await make(deployments, 'web', template('data', 0));
    const own = { volumeClaimTemplates: [{ metadata: { name: 'data' } }], template: {} };
    await make(statefulSets, 'db', { spec: own });
    const names = async (claim: string) =>
      (await workloadsByTemplate(ref(claim), signal)).map(({ name }) => name);
    expect(await names('data')).toEqual(['web']);
    expect(await names('data-db-12')).toEqual(['db']);
    expect(await names('data-db-x')).toEqual([]);
    expect(await names('data-dbx-0')).toEqual([]);
  });

  test('is scaled as the very object that was found', async () => {
    const web = await make(deployments, 'web', template('data', 2));
    const workload = { kind: 'Deployment', name: 'web', uid: web.metadata.uid ?? '', replicas: 2 } as const;
    await scale(kube, namespace, workload, 0);
    expect(await kube.get(deployments, { namespace, name: 'web' })).toMatchObject({ spec: { replicas: 0 } });
    await expect(scale(kube, namespace, { ...workload, uid: 'another' }, 2)).rejects.toThrow();
  });
});

test('that nobody may look for autoscalers is said', async () => {
  await pod('web-1-a', 'data', ownedBy(await make(deployments, 'web', template('data')), 'Deployment'));
  const running = await workloadsOfPods(ref(), signal);
  kube.before = ({ collection }) => {
    if (collection.endsWith('/horizontalpodautoscalers')) throw apiError(403, 'no', 'Forbidden');
  };
  expect(await otherScalers(ref(), running, 'stopped', signal)).toEqual([
    `HorizontalPodAutoscalers of namespace ${namespace} may not be listed by this user: whether one starts pods meanwhile is not known`,
  ]);
});

test('whoever may start it again is named', async () => {
  const flux = { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } };
  const web = await make(deployments, 'web', template('data'), flux);
  const set = await make(replicaSets, 'web-1', {}, ownedBy(web, 'Deployment'));
  await pod('web-1-a', 'data', ownedBy(set, 'ReplicaSet'));
  const managedFields = [{ manager: 'argocd-controller', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }];
  const db = await make(statefulSets, 'db', template('data'), {
    ...ownedBy({ metadata: { name: 'main' } }, 'Postgres'),
    managedFields,
  });
  await pod('db-0', 'data', ownedBy(db, 'StatefulSet'));
  const target = (kind: string, name: string) => ({ spec: { scaleTargetRef: { kind, name } } });
  await make(horizontalPodAutoscalers, 'web', target('Deployment', 'web'));
  await make(horizontalPodAutoscalers, 'elsewhere', target('Deployment', 'other'));
  await make(horizontalPodAutoscalers, 'keda', target('StatefulSet', 'db'), {
    labels: { 'scaledobject.keda.sh/name': 'db' },
  });
  const lines = await otherScalers(ref(), await workloadsOfPods(ref(), signal), 'stopped', signal);
  expect([...lines].sort()).toEqual([
    'Deployment web is managed by Flux, which may start it again: pause that',
    'HorizontalPodAutoscaler web scales Deployment web; at zero it stands still',
    "KEDA's ScaledObject db scales StatefulSet db, and may start it again: pause it",
    'StatefulSet db is managed by Postgres main, which may start it again: pause that',
    'StatefulSet db is managed by argocd-controller, which may start it again: pause that',
  ]);
});

test('whoever may keep the target from its pods is named', async () => {
  const argo = { annotations: { 'argocd.argoproj.io/tracking-id': 'apps:web' } };
  await make(deployments, 'web', template('data', 0), argo);
  await make(statefulSets, 'db', template('data', 0));
  const limits = (kind: string, name: string, maxReplicas: number, minReplicas?: number) => ({
    spec: { scaleTargetRef: { kind, name }, maxReplicas, minReplicas },
  });
  await make(horizontalPodAutoscalers, 'web', limits('Deployment', 'web', 2));
  await make(horizontalPodAutoscalers, 'db', limits('StatefulSet', 'db', 9, 0));
  const starting = (await workloadsByTemplate(ref(), signal)).map((one) => ({ ...one, replicas: 3 }));
  const lines = await otherScalers(ref(), starting, 'started', signal);
  expect([...lines].sort()).toEqual([
    'Deployment web of the target is managed by Argo CD, which may set its number of pods back: pause that, and give it the number there as well',
    'HorizontalPodAutoscaler db scales StatefulSet db of the target, and may start it before its files are whole: pause it',
    'HorizontalPodAutoscaler web scales Deployment web of the target, and leaves it 2 pods of the 3 that it is to have',
  ]);
});

test('a mover that fills the claim for another task is one of its users', async () => {
  const labels = taskLabels('x8sync', 'nightly', 'target');
  await pod('nightly-mover', 'data', { labels });
  await pod('own-source', 'data', { labels: taskLabels('x8sync', 'own', 'source') });
  const { items } = await kube.list(pods, { namespace });
  expect(usersAmong('data', items).map(({ metadata }) => metadata.name)).toEqual(['nightly-mover']);
});
