/** What mounts a claim, and who might start it again. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { isReady } from '../../../../../plugins/x8sync/cutover/readiness.ts';
import { otherScalers } from '../../../../../plugins/x8sync/cutover/scalers.ts';
import {
  scale,
  type WorkloadObject,
  workloadsByTemplate,
  workloadsOfPods,
} from '../../../../../plugins/x8sync/cutover/workloads.ts';
import type { KubeObject, OwnerReference } from '../../../../../src/kube/api/objects.ts';
import {
  deployments,
  horizontalPodAutoscalers,
  pods,
  type Resource,
  replicaSets,
  statefulSets,
} from '../../../../../src/kube/api/resources.ts';
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

  test.each<[string, object, RegExp]>([
    ['a bare pod', {}, /pod shop\/lonely mounts fake\/shop\/data and has no Deployment or StatefulSet/],
    ['a DaemonSet', ownedBy({ metadata: { name: 'logs' } }, 'DaemonSet'), /belongs to DaemonSet logs/],
  ])('%s is refused', async (_, metadata, message) => {
    await pod('lonely', 'data', metadata);
    await expect(workloadsOfPods(ref(), signal)).rejects.toThrow(message);
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

  test('is ready once its controller has seen the change and the pods are', () => {
    const object = (generation: number, status: object) =>
      ({ metadata: { name: 'x', generation }, status }) as unknown as WorkloadObject;
    const all = { observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2 };
    const [two, none] = [2, 0].map((replicas) => ({ kind: 'Deployment' as const, replicas }));
    if (!two || !none) throw new Error('there are two');
    expect(isReady(object(3, all), two)).toBe(true);
    expect(isReady(object(3, { ...all, observedGeneration: 2 }), two)).toBe(false);
    expect(isReady(object(3, { ...all, readyReplicas: 1 }), two)).toBe(false);
    expect(isReady(object(3, { observedGeneration: 3 }), none)).toBe(true);
    expect(isReady(undefined, two)).toBe(false);
  });

  test('is not ready while its pods are of an older template', () => {
    const status = { observedGeneration: 3, replicas: 2, updatedReplicas: 0, readyReplicas: 2 };
    const object = { metadata: { name: 'x', generation: 3 }, status } as unknown as WorkloadObject;
    expect(isReady(object, { kind: 'Deployment', replicas: 2 })).toBe(false);
    const mixed = { ...object, status: { ...status, replicas: 3, updatedReplicas: 2 } };
    expect(isReady(mixed, { kind: 'Deployment', replicas: 2 })).toBe(false);
    // By its strategy it may give the old one on purpose.
    expect(isReady(object, { kind: 'StatefulSet', replicas: 2 })).toBe(true);
  });
});

test('that nobody may look for autoscalers is said', async () => {
  await pod('web-1-a', 'data', ownedBy(await make(deployments, 'web', template('data')), 'Deployment'));
  const running = await workloadsOfPods(ref(), signal);
  kube.before = ({ collection }) => {
    if (collection.endsWith('/horizontalpodautoscalers')) throw apiError(403, 'no', 'Forbidden');
  };
  expect(await otherScalers(kube, namespace, running, signal)).toEqual([
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
  const lines = await otherScalers(kube, namespace, await workloadsOfPods(ref(), signal), signal);
  expect([...lines].sort()).toEqual([
    'Deployment web is managed by Flux, which may start it again: pause that',
    'HorizontalPodAutoscaler web scales Deployment web; at zero it stands still',
    "KEDA's ScaledObject db scales StatefulSet db, and may start it again: pause it",
    'StatefulSet db is managed by Postgres main, which may start it again: pause that',
    'StatefulSet db is managed by argocd-controller, which may start it again: pause that',
  ]);
});
