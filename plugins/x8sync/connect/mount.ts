/** Whether one pod may mount both claims: then nothing goes over a network. */
import type { ClaimState } from '../claims/claim.ts';

export interface MountWish {
  readonly source: ClaimState;
  readonly target: ClaimState;
  /** Both claims are in one cluster. */
  readonly isOneCluster: boolean;
  /** Group that the target volume is to be given to, if any. */
  readonly fsGroup?: number | undefined;
}

/** Why one pod can't mount both claims, as far as that is known before it is made; undefined where it may. */
export function mountObstacle({ source, target, isOneCluster, fsGroup }: MountWish): string | undefined {
  if (!isOneCluster) return 'the claims are in two clusters';
  if (source.ref.namespace !== target.ref.namespace) return 'the claims are in two namespaces';
  if (source.node !== undefined && target.node !== undefined && source.node !== target.node)
    return `the source is in use on node ${source.node}, the target on node ${target.node}`;
  // The kubelet gives every volume of the pod to the group, also one that is mounted read-only.
  if (fsGroup !== undefined) return '--fs-group would change the owners of the source as well';
  return undefined;
}
