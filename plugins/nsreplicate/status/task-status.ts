/** How a task stands, as people and the state's ConfigMap get to see it. */
import { messageOf } from '../../../src/errors.ts';
import { own } from '../../../src/json.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { waitingDeletions } from '../decide/approval.ts';
import { doneInAll } from '../decide/result-counts.ts';
import type { JobGroup } from '../jobs/records.ts';
import type { Replica } from '../reconcile/replica.ts';
import type { SavedState } from '../state/saved-state.ts';
import type { ReplicaStatus, TaskStatus } from '../state/state.ts';
import type { TaskPhase } from '../state/task-phase.ts';
import type { Task } from '../task/task.ts';

/** Lines of a kind beyond these are a number only: the view has to stay small. */
const MOST_LINES = 50;

export interface StatusContext {
  readonly task: Task;
  readonly name: string;
  readonly phase: TaskPhase;
  readonly startedAt: Date;
  readonly guardedBy: string | undefined;
  readonly primary: Cluster;
  readonly clusters: readonly Cluster[];
  /** What earlier runs did, by replica. */
  readonly earlier: SavedState['done'];
}

export function statusOf(context: StatusContext): TaskStatus {
  const { task, name, phase, startedAt, guardedBy, primary, clusters } = context;
  return {
    task: name,
    phase,
    startedAt: startedAt.toISOString(),
    ...(guardedBy === undefined ? {} : { guardedBy }),
    primary: {
      name: primary.name,
      server: primary.kube.cluster.server,
      ...(task.primary.away ? { problem: messageOf(task.primary.away) } : {}),
      unlisted: whys(task.primary.refused),
    },
    replicas: task.replicas.map((replica, index) =>
      replicaStatus(replica, clusters[index] as Cluster, context),
    ),
    kinds: task.kinds.map((kind) => kind.name),
    objects: task.objects,
    skipped: Object.fromEntries(task.skipped),
    failures: mostOf(task.records.groups),
    notes: task.notes.slice(0, MOST_LINES),
  };
}

function replicaStatus(
  replica: Replica,
  cluster: Cluster,
  { task, earlier }: Pick<StatusContext, 'task' | 'earlier'>,
): ReplicaStatus {
  const { away, parked, unapproved } = replica;
  const { stopped } = replica.deletions;
  return {
    name: replica.name,
    server: cluster.kube.cluster.server,
    ...(away ? { away: messageOf(away) } : {}),
    behind: replica.behind(),
    uncompared: replica.uncompared,
    running: replica.running.size,
    retrying: replica.delayed,
    counts: replica.results.totals,
    done: doneInAll(own(earlier, replica.name) ?? {}, replica.results.totals),
    failed: replica.failures.size,
    parked,
    ...(unapproved === 0 ? {} : { unapproved }),
    left: countBy(replica.left.values()),
    foreign: task.results.on(replica.name).foreign,
    ...(stopped === undefined
      ? {}
      : { deletionsStopped: stopped, waiting: waitingDeletions(stopped, replica.toDelete) }),
    lacks: clipped(task.lacks(replica.name)),
    unlisted: whys(replica.unlisted),
  };
}

const whys = (errors: ReadonlyMap<string, unknown>): Record<string, string> =>
  Object.fromEntries([...errors].slice(0, MOST_LINES).map(([kind, error]) => [kind, messageOf(error)]));

/** The largest groups, and what there is beside them as one: the counts stay exact. */
function mostOf(groups: readonly JobGroup[]): JobGroup[] {
  const [most, rest] = [groups.slice(0, MOST_LINES), groups.slice(MOST_LINES)];
  const count = rest.reduce((sum, group) => sum + group.count, 0);
  return count === 0 ? most : [...most, { replica: 'all', kind: 'others', reason: 'several reasons', count }];
}

function clipped(lines: readonly string[]): string[] {
  const more = lines.length - MOST_LINES;
  return more > 0 ? [...lines.slice(0, MOST_LINES), `… and ${more} more`] : [...lines];
}

function countBy(words: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
