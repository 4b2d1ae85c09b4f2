/** Workloads: which mount a claim, found through owners and templates; scaled, and awaited. */
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import type { KubeClient, WriteOptions } from '../../../src/kube/api/client.ts';
import type { KubeObject, OwnerReference, Pod } from '../../../src/kube/api/objects.ts';
import { pods, type Resource, replicaSets } from '../../../src/kube/api/resources.ts';
import { stopMarkKey } from '../../../src/tasks/names.ts';
import { type ClaimRef, mountsOf, type NamespaceRef } from '../claims/claim.ts';
import { described, readWorkloads, type Workload, type WorkloadObject } from '../records/claim-workloads.ts';
import type { ScaledWorkload } from '../records/cutover-state.ts';
import { notScalable } from './unscalable.ts';

export const resourceOf = ({ kind }: Pick<ScaledWorkload, 'kind'>): Resource<WorkloadObject> =>
  readWorkloads[kind];

/**
 * The workloads whose pods mount a claim.
 *
 * @throws RefusedError where a pod mounts it that nothing could scale, with what that is.
 */
export async function workloadsOfPods(ref: ClaimRef, signal: AbortSignal): Promise<Workload[]> {
  const { kube, namespace, claim } = ref;
  const { items } = await kube.list(pods, { namespace, signal });
  const users = usersAmong(claim, items);
  const owners = await Promise.all(users.map((pod) => workloadOf(ref, pod, signal)));
  return [...new Map(owners.map((owner) => [owner.uid, owner])).values()];
}

/** Pods that mount a claim and are none of ours; a mover that fills the claim for another task is one of them. */
export function usersAmong(claim: string, all: readonly Pod[]): Pod[] {
  const names = new Set(
    mountsOf(claim, all)
      .filter(({ task, mover }) => task === undefined || mover)
      .map(({ pod }) => pod),
  );
  return all.filter(({ metadata }) => names.has(metadata.name));
}

async function workloadOf(ref: ClaimRef, pod: Pod, signal: AbortSignal): Promise<Workload> {
  const { kube, namespace } = ref;
  const direct = controllerOf(pod);
  let owner = direct;
  if (direct?.kind === 'ReplicaSet') {
    const set = await kube.find(replicaSets, { namespace, name: direct.name }, { signal });
    owner = (set && controllerOf(set)) ?? direct;
  }
  if (owner?.kind === 'Deployment' || owner?.kind === 'StatefulSet') {
    const { kind, name } = owner;
    return described(kind, await kube.get(readWorkloads[kind], { namespace, name }, { signal }));
  }
  throw notScalable(ref, pod, owner);
}

/** What decides about a pod. */
export interface Keeper {
  /** Of the Deployment or the StatefulSet; absent where there is none. */
  readonly uid?: string | undefined;
  /** It is to have no pods, or is gone: the pod is taken away by itself. */
  readonly isAtZero: boolean;
  /** What the pod is, to be read after `it`. */
  readonly text: string;
}

/** What keeps a pod, found through its owners as they are now. */
export async function keeperOf(
  { kube, namespace }: NamespaceRef,
  pod: Pod,
  signal: AbortSignal,
): Promise<Keeper> {
  let owner = controllerOf(pod);
  if (!owner) return { isAtZero: false, text: 'has no controller' };
  let text = `belongs to ${owner.kind} ${owner.name}`;
  if (owner.kind === 'ReplicaSet') {
    const set = await kube.find(replicaSets, { namespace, name: owner.name }, { signal });
    // The garbage collector takes what a controller leaves behind.
    if (!set) return { isAtZero: true, text };
    owner = controllerOf(set);
  }
  if (owner?.kind !== 'Deployment' && owner?.kind !== 'StatefulSet') return { isAtZero: false, text };
  const { kind, name, uid } = owner;
  text = `belongs to ${kind} ${name}`;
  const now = await kube.find(readWorkloads[kind], { namespace, name }, { signal });
  const isThere = now?.metadata.uid === uid;
  return { uid, isAtZero: !isThere || now?.spec.replicas === 0, text };
}

/** Pods of a workload that have not ended, among all of its namespace. */
export async function podsOf(
  { kube, namespace }: NamespaceRef,
  { name, uid }: Pick<ScaledWorkload, 'name' | 'uid'>,
  all: readonly Pod[],
  signal: AbortSignal,
): Promise<Pod[]> {
  const alive = all.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  // A ReplicaSet is named after its Deployment.
  const sets = alive.flatMap((pod) => {
    const owner = controllerOf(pod);
    return owner?.kind === 'ReplicaSet' && owner.name.startsWith(`${name}-`) ? [owner.name] : [];
  });
  const found = [...new Set(sets)].map((set) => kube.find(replicaSets, { namespace, name: set }, { signal }));
  const own = (await Promise.all(found)).filter((set) => set && controllerOf(set)?.uid === uid);
  const uids = new Set([uid, ...own.map((set) => set?.metadata.uid)]);
  return alive.filter((pod) => uids.has(controllerOf(pod)?.uid));
}

const controllerOf = ({ metadata: { ownerReferences = [] } }: KubeObject): OwnerReference | undefined =>
  ownerReferences.find(({ controller }) => controller);

/**
 * Sets how many pods a workload is to have; this very one, never a successor of its name. It stands still for no cutover
 * any more.
 *
 * @returns its generation afterwards: another one later means that somebody else has changed it.
 */
export async function scale(
  kube: KubeClient,
  namespace: string,
  workload: ScaledWorkload,
  replicas: number,
  call: WriteOptions = {},
): Promise<number> {
  const { name, uid } = workload;
  const patch = { metadata: { uid, annotations: { [stopMarkKey]: null } }, spec: { replicas } };
  const options = { ...call, type: 'merge' } as const;
  const { metadata } = await kube.patch(resourceOf(workload), { namespace, name }, patch, options);
  return metadata.generation ?? 0;
}

/** What to look at where a workload is another one by now than the one that was planned with. */
export const lookLine = (
  { kube, namespace }: NamespaceRef,
  { kind, name }: Pick<ScaledWorkload, 'kind' | 'name'>,
): string =>
  `kubectl --context ${kube.cluster.context} -n ${namespace} get ${kind.toLowerCase()}/${name} --ignore-not-found`;

/** Whether a workload of a record is still there, as the same object. */
export async function findWorkload(
  kube: KubeClient,
  namespace: string,
  workload: ScaledWorkload,
  signal: AbortSignal,
): Promise<WorkloadObject | undefined> {
  try {
    const object = await kube.get(resourceOf(workload), { namespace, name: workload.name }, { signal });
    return object.metadata.uid === workload.uid ? object : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
