/** How a failover stands: the epoch that each cluster knows of, its promotions, and what is held there. */
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { type Epoch, type NewestEpoch, newestOf, readEpoch } from '../state/epoch.ts';
import { type PromotionRecord, readPromotion, type Unfenced } from '../state/promotion.ts';
import { stalenessOf } from './staleness.ts';
import { type Workload, workloadsOf } from './workloads.ts';

export interface ClusterFailover {
  readonly cluster: string;
  /** Undefined: it knows of no promotion. */
  readonly epoch: Epoch | undefined;
  /** The last time that this cluster was promoted. */
  readonly promotion: PromotionRecord | undefined;
  /** Workloads that the task copied here and holds. */
  readonly held: number;
  /** Those that it copied here and does not hold. */
  readonly running: number;
  /** Why it can't be looked at. */
  readonly problem?: string | undefined;
}

export interface FailoverStatus {
  readonly task: string;
  /** The newest epoch that any of them knows; undefined: nothing was ever promoted. */
  readonly newest: NewestEpoch | undefined;
  readonly clusters: readonly ClusterFailover[];
  /** What could not be told of the newest epoch by who promoted, and is not known to have been told since. */
  readonly unfenced: readonly Unfenced[];
}

/** Looks at all clusters that take part. */
export async function failoverStatus(
  task: string,
  clusters: readonly Cluster[],
  signal: AbortSignal,
): Promise<FailoverStatus> {
  const found = await Promise.all(clusters.map((cluster) => oneStatus(task, cluster, signal)));
  const newest = newestOf(found.map(({ epoch }) => epoch));
  const told = clusters.filter((_, index) => newest && found[index]?.epoch?.number === newest.number);
  const isTold = ({ name, id }: Unfenced) =>
    told.some((cluster) => (id === undefined ? cluster.name === name : cluster.id === id));
  const unfenced = found
    .filter(({ promotion }) => promotion?.epoch === newest?.number)
    .flatMap(({ promotion }) => promotion?.unfenced ?? [])
    .filter((one) => !isTold(one));
  return { task, newest, clusters: found, unfenced };
}

async function oneStatus(task: string, cluster: Cluster, signal: AbortSignal): Promise<ClusterFailover> {
  const blank = { cluster: cluster.name, epoch: undefined, promotion: undefined, held: 0, running: 0 };
  try {
    const [epoch, promotion, workloads] = await Promise.all([
      readEpoch(cluster.kube, task, { signal }),
      readPromotion(cluster.kube, task, { signal }),
      workloadsOf(cluster, task, { signal }),
    ]);
    const held = workloads.filter(({ original }: Workload) => original !== undefined).length;
    return { ...blank, epoch, promotion, held, running: workloads.length - held };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return { ...blank, problem: messageOf(error) };
  }
}

/** Whether clusters without a record of a task know of it: of a promotion, or by any copy that it made there and that may be listed. */
export async function isKnownOn(
  clusters: readonly Cluster[],
  status: FailoverStatus,
  signal: AbortSignal,
): Promise<boolean> {
  const tells = ({ epoch, promotion, held, running, problem }: ClusterFailover) =>
    epoch !== undefined || promotion !== undefined || held + running > 0 || problem !== undefined;
  if (status.clusters.some(tells)) return true;
  const copies = await Promise.all(clusters.map((cluster) => stalenessOf(cluster, status.task, { signal })));
  return copies.some(({ kinds }) => kinds.length > 0);
}
