/** A claim that gets no volume, for which its pod gets no node: the scheduler names neither the claim nor the cause. */
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Event, Pod } from '../../../src/kube/api/objects.ts';
import { persistentVolumeClaims } from '../../../src/kube/api/resources.ts';
import { describeEvent, lastEventsOf } from '../../../src/kube/cluster/events.ts';
import { describeClaim } from '../claims/claim.ts';
import { claimNamesOf } from '../claims/volumes-of-pod.ts';

export interface PendingClaim {
  readonly text: string;
  /** Its events, the newest last. */
  readonly events: readonly string[];
  readonly hint: string;
}

const shownEvents = 5;

/** Reasons of a claim's events that say no more than that its volume is made once its pod has a node. */
const waitsForPod = new Set(['WaitForFirstConsumer', 'WaitForPodScheduled']);

/** The claim that a pod waits for; undefined where it has none, or only one that waits for the pod itself. */
export async function pendingClaimOf(
  kube: KubeClient,
  { metadata: { namespace = '', name: pod }, spec }: Pod,
  signal: AbortSignal,
): Promise<PendingClaim | undefined> {
  for (const claim of claimNamesOf(spec, pod)) {
    const ref = { kube, namespace, claim };
    const events = await eventsOfPending(kube, namespace, claim, signal);
    const causes = events.filter(({ reason = '' }) => !waitsForPod.has(reason));
    const cause = causes.findLast(({ type }) => type === 'Warning') ?? causes.at(-1);
    if (!cause) continue;
    return {
      text: `claim ${describeClaim(ref)} is Pending: ${describeEvent(cause)}`,
      events: events.map(describeEvent),
      hint: `kubectl --context ${kube.cluster.context} -n ${namespace} describe pvc ${claim} shows more; a claim of a wrong class is to be deleted and made anew (--create-target --storage-class)`,
    };
  }
  return undefined;
}

/** Events of a claim that is not bound; none of one that is, and where they can't be had. */
async function eventsOfPending(
  kube: KubeClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<readonly Event[]> {
  try {
    const claim = await kube.find(persistentVolumeClaims, { namespace, name }, { signal });
    if (claim?.status?.phase !== 'Pending') return [];
    return await lastEventsOf(kube, { namespace, uid: claim.metadata.uid }, shownEvents, { signal });
  } catch (error) {
    if (error instanceof X8sError) return [];
    throw error;
  }
}
