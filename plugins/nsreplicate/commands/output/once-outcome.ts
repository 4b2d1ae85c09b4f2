/** The result of `--once`, as tables, documents and the error of what was left undone. */
import type { Outcome } from '../../../../src/cli/output.ts';
import { type Column, table } from '../../../../src/cli/table.ts';
import { IncompleteError } from '../../../../src/errors.ts';
import type { ReconcileResult } from '../../decide/outcomes.ts';
import type { JobRecord } from '../../jobs/records.ts';
import { placeOf } from '../../objects/keys.ts';
import { isComplete } from '../../run/run.ts';
import type { TaskStatus } from '../../state/state.ts';
import type { Task } from '../../task/task.ts';
import { objects } from './status-text.ts';

interface Line {
  readonly replica: string;
  readonly namespace: string;
  readonly kind: string;
  readonly counts: Partial<Record<ReconcileResult, number>>;
  readonly failed: number;
}

/** What happens seldom has a column only where it happened. */
const seldom: readonly ReconcileResult[] = ['recreated', 'adopted', 'put-right', 'left'];

const count = (did: ReconcileResult, lines: readonly Line[]): Column<Line> => ({
  header: did.toUpperCase(),
  value: ({ counts }) => String(counts[did] ?? 0),
  wide: seldom.includes(did) && !lines.some(({ counts }) => counts[did]),
});

/** The result of one comparison: counts by replica, namespace and kind; exit 5 where something failed. */
export function onceOutcome(status: TaskStatus, task: Task): Outcome {
  const lines = task.replicas.flatMap((replica) => {
    const failed = Map.groupBy(
      replica.failures.keys(),
      (key) => `${placeOf(key).namespace}|${placeOf(key).kind}`,
    );
    const places = new Map(
      replica.results.lines.map((line) => [`${line.namespace}|${line.kind}`, line.counts]),
    );
    for (const place of failed.keys()) if (!places.has(place)) places.set(place, {});
    return [...places].map(([place, counts]) => {
      const [namespace = '', kind = ''] = place.split('|');
      return { replica: replica.name, namespace, kind, counts, failed: failed.get(place)?.length ?? 0 };
    });
  });
  const columns: Column<Line>[] = [
    { header: 'REPLICA', value: ({ replica }) => replica },
    { header: 'NAMESPACE', value: ({ namespace }) => namespace },
    { header: 'KIND', value: ({ kind }) => kind },
    ...(
      ['created', 'updated', 'unchanged', 'pruned', 'recreated', 'adopted', 'put-right', 'left'] as const
    ).map((did) => count(did, lines)),
    { header: 'FAILED', value: ({ failed }) => String(failed) },
  ];
  return {
    data: { ...status, lines, jobs: task.records.failed },
    table: table(lines, columns, isComplete(status) ? 'There was nothing to copy.' : 'Nothing was copied.'),
    ...(isComplete(status) ? {} : { error: incomplete(status, task.records.failed) }),
  };
}

/** The error of a comparison that left something undone, with an example of each kind of failure. */
function incomplete(status: TaskStatus, failed: readonly JobRecord[]): IncompleteError {
  const unread = Object.entries(status.primary.unlisted ?? {}).map(
    ([kind, why]) => `primary ${status.primary.name}: ${kind} can't be read: ${why}`,
  );
  const lines = status.replicas.flatMap(({ name, failed, away, unlisted, behind }) => [
    ...(failed > 0 ? [`${name}: ${objects(failed)} failed`] : []),
    ...(away === undefined ? [] : [`${name} does not answer: ${away}`]),
    ...(behind.pending > 0 ? [`${name}: ${objects(behind.pending)} not reached`] : []),
    ...Object.entries(unlisted).map(([kind, why]) => `${name}: ${kind} can't be read: ${why}`),
  ]);
  const groups = status.failures.map(({ replica, kind, reason, count }) => {
    const one = failed.find((job) => job.replica === replica && job.kind === kind && job.reason === reason);
    const example = one?.message === undefined ? '' : ` (${one.message})`;
    return `${replica}: ${count} ${kind}: ${reason}${example}`;
  });
  return new IncompleteError('not everything was copied', {
    details: [...unread, ...lines, ...groups],
    hint: 'See each of them: `jobs`.',
  });
}
