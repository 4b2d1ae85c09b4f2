/** Rolls out new pods of the workload that a pod belongs to, as `kubectl rollout restart` does. */
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { OwnerReference } from '../../../src/kube/api/objects.ts';
import {
  daemonSets,
  deployments,
  type Resource,
  replicaSets,
  statefulSets,
} from '../../../src/kube/api/resources.ts';
import type { Target } from '../launch/launcher.ts';

export interface RolloutContext {
  readonly kube: KubeClient;
  readonly target: Target;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The kinds that roll out new pods when their template changes. */
const workloads: Readonly<Record<string, Resource>> = {
  Deployment: deployments,
  StatefulSet: statefulSets,
  DaemonSet: daemonSets,
};

/** Rejects with an X8sError where the pod belongs to nothing that can roll out. */
export async function rollOut({ kube, target, clock, signal }: RolloutContext): Promise<{ message: string }> {
  const { namespace, pod } = target;
  const owner = await workloadOf(kube, namespace, pod.metadata.ownerReferences, signal);
  const kind = owner && workloads[owner.kind];
  if (owner === undefined || kind === undefined)
    throw new X8sError(`pod ${pod.metadata.name} belongs to no Deployment, StatefulSet or DaemonSet`);
  const annotations = { 'kubectl.kubernetes.io/restartedAt': clock.now().toISOString() };
  const patch = { spec: { template: { metadata: { annotations } } } };
  await kube.patch(kind, { namespace, name: owner.name }, patch, { type: 'merge', signal });
  return { message: `${owner.kind} ${owner.name} rolls out new pods` };
}

async function workloadOf(
  kube: KubeClient,
  namespace: string,
  owners: readonly OwnerReference[] = [],
  signal: AbortSignal,
): Promise<OwnerReference | undefined> {
  const owner = owners.find(({ controller }) => controller === true);
  if (owner?.kind !== 'ReplicaSet') return owner;
  const { metadata } = await kube.get(replicaSets, { namespace, name: owner.name }, { signal });
  return metadata.ownerReferences?.find(({ controller }) => controller === true) ?? owner;
}
