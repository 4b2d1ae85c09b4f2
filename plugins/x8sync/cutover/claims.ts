/** The two claims of a cutover as they are in their clusters. */
import { clusterId } from '../../../src/kube/cluster/identity.ts';
import { type ClaimRef, type ClaimState, readClaim } from '../claims/claim.ts';

export interface Claims {
  readonly source: ClaimState;
  readonly target: ClaimState;
  /** They are in one cluster and one namespace, so that one workload could mount either. */
  readonly areTogether: boolean;
}

export async function readClaims(source: ClaimRef, target: ClaimRef, signal: AbortSignal): Promise<Claims> {
  const read = async (ref: ClaimRef) => {
    const id = (await clusterId(ref.kube, { signal })) ?? ref.kube.cluster.server;
    return { id, state: await readClaim(ref, id, signal) };
  };
  const [from, to] = await Promise.all([read(source), read(target)]);
  const areTogether = from.id === to.id && source.namespace === target.namespace;
  return { source: from.state, target: to.state, areTogether };
}
