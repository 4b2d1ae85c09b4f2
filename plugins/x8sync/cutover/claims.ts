/** The two claims of a cutover as they are in their clusters. */
import { type ClaimRef, type ClaimState, clusterOf, readClaim } from '../claims/claim.ts';
import { readTarget } from '../claims/missing-target.ts';
import type { CutoverId, StoppedFor } from '../records/stop-mark.ts';

export interface Claims {
  readonly source: ClaimState;
  readonly target: ClaimState;
  /** They are in one cluster and one namespace, so that one workload could mount either. */
  readonly areTogether: boolean;
}

/** The UID of a target claim that is to be made yet. */
export const notMade = '';

/** The clusters of two claims. */
export const clustersOf = (
  source: ClaimRef,
  target: ClaimRef,
  signal: AbortSignal,
): Promise<[string, string]> => Promise.all([clusterOf(source, signal), clusterOf(target, signal)]);

export async function readClaims(source: ClaimRef, target: ClaimRef, signal: AbortSignal): Promise<Claims> {
  const [from, to] = await clustersOf(source, target, signal);
  const [first, second] = await Promise.all([
    readClaim(source, from, signal),
    readTarget(target, to, signal),
  ]);
  const areTogether = from === to && source.namespace === target.namespace;
  return { source: first, target: second, areTogether };
}

/** One of them once more. @throws ApiError where it is gone. */
export async function readNow(ref: ClaimRef, signal: AbortSignal): Promise<ClaimState> {
  return readClaim(ref, await clusterOf(ref, signal), signal);
}

/** What the mark of a cutover says on all that it stops. */
export async function stoppedForOf(
  target: ClaimRef,
  id: CutoverId,
  signal: AbortSignal,
): Promise<StoppedFor> {
  const targetCluster = await clusterOf(target, signal);
  return { ...id, target: `${target.namespace}/${target.claim}`, targetCluster };
}
