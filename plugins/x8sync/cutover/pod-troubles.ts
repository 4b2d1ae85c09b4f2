/** Why the pods of a workload that was started are not ready, as far as the cluster tells. */
import { pods, replicaSets } from '../../../src/kube/api/resources.ts';
import { eventsOf } from '../../../src/kube/cluster/events.ts';
import type { NamespaceRef } from '../claims/claim.ts';
import { PodDiagnosis } from '../monitor/pod-diagnosis.ts';
import type { ScaledWorkload } from '../records/cutover-state.ts';
import { podsOf } from './workloads.ts';

/** Pods of one workload that do not come up do so for the same reason as a rule. */
const mostPods = 3;
const mostEvents = 2;

/** A line on each; empty where nothing tells it: it only explains. */
export async function podTroubles(
  ref: NamespaceRef,
  workload: ScaledWorkload,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    const { kube, namespace } = ref;
    const { items } = await kube.list(pods, { namespace, signal });
    const own = await podsOf(ref, workload, items, signal);
    if (own.length === 0) return await refusals(ref, workload, signal);
    const told = own.slice(0, mostPods).map(async (pod) => {
      const { name, uid } = pod.metadata;
      const trouble = new PodDiagnosis().diagnose(pod)?.text;
      if (trouble !== undefined) return [`pod ${name}: ${trouble}`];
      return (await warningsOf(ref, uid, signal)).map((line) => `pod ${name}: ${line}`);
    });
    return (await Promise.all(told)).flat();
  } catch {
    signal.throwIfAborted();
    return [];
  }
}

/** Why no pod is made: the controller that makes them is told, and is a ReplicaSet where the workload is a Deployment. */
async function refusals(ref: NamespaceRef, { uid }: ScaledWorkload, signal: AbortSignal): Promise<string[]> {
  const { kube, namespace } = ref;
  const sets = await kube.list(replicaSets, { namespace, signal }).catch(() => ({ items: [] }));
  const own = sets.items.filter(({ metadata }) => metadata.ownerReferences?.some((one) => one.uid === uid));
  const uids = [uid, ...own.map(({ metadata }) => metadata.uid)];
  return (await Promise.all(uids.map((one) => warningsOf(ref, one, signal)))).flat();
}

async function warningsOf(
  { kube, namespace }: NamespaceRef,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const lines = await eventsOf(kube, { namespace, uid }, 10, { signal });
  return lines.filter((line) => line.startsWith('Warning ')).slice(-mostEvents);
}
