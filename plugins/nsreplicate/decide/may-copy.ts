/** Loop prevention: whether an object of the primary may go to a replica at all. */
import type { Origin } from '../objects/provenance.ts';

export interface Route {
  readonly task: string;
  /** UIDs of the clusters' kube-system namespaces. */
  readonly primary: string;
  readonly replica: string;
  /** Objects may go back to the cluster that they came from. */
  readonly failBack: boolean;
  /** The primary was promoted, so that the task the other way round is fenced: no loop can come of what it copied. */
  readonly leads: boolean;
}

/**
 * Nothing goes back to a cluster that it has come through, unless a promotion has turned the task round. Where each side bears the other as its origin (two
 * tasks that adopted at the same moment), the cluster with the smaller uid is the origin, on both sides.
 * @param source the origin of the primary's object, where it is a copy itself
 * @param present the origin of what the replica has under that name
 */
export function mayCopy(route: Route, source: Origin | undefined, present: Origin | undefined): boolean {
  if (route.failBack || source === undefined) return true;
  const way = [...source.via, source.cluster];
  if (!way.includes(route.replica)) return true;
  if (route.leads && source.task === route.task && source.cluster === route.replica) return true;
  const mutual = source.cluster === route.replica && present?.cluster === route.primary;
  return mutual && route.primary < route.replica;
}
