/** What the mover is told of pods that may copy beside it. */
import type { PodSpec } from '../../../../src/kube/api/objects.ts';
import type { ClaimState } from '../../claims/claim.ts';
import { nodeObstacle, readNodes } from '../../monitor/nodes.ts';
import { podsObstacle } from '../../mover/parallel/pods.ts';
import type { PodsWish } from '../../mover/protocol/pods.ts';

/** Both claims, whose pods are in one cluster. */
export interface MountedClaims {
  readonly source: ClaimState;
  readonly target: ClaimState;
}

/** Access modes of both claims, as they ask for them. */
export function modesOf({ source, target }: MountedClaims): PodsWish['modes'] {
  const of = ({ object: { spec } }: ClaimState): readonly string[] => spec.accessModes ?? [];
  return { source: of(source), target: of(target) };
}

/**
 * Nodes are asked only where several pods may copy at all.
 *
 * @param pod the mover's, as nodes judge it.
 */
export async function podsWishOf(
  asked: PodsWish['asked'],
  claims: MountedClaims,
  pod: PodSpec,
  signal: AbortSignal,
): Promise<PodsWish> {
  const wish = { asked, modes: modesOf(claims) };
  if (podsObstacle(wish, { isMounted: true }) !== undefined) return wish;
  const all = await readNodes(claims.target.ref.kube, signal);
  return { ...wish, nodes: all?.filter((node) => nodeObstacle(node, pod) === undefined).length };
}
