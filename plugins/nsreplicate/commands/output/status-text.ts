/** How tasks and their replicas stand, as text and as a table. */
import { table } from '../../../../src/cli/table.ts';
import { parseHolder } from '../../../../src/tasks/holder.ts';
import type { Claim } from '../../../../src/tasks/lock-object.ts';
import { formatDuration } from '../../../../src/ui/format.ts';
import { approvalDigest, type WaitingDeletions } from '../../decide/approval.ts';
import type { NewerTask, ReplicaStatus, TaskStatus } from '../../state/state.ts';
import { isAtWork } from '../../state/task-phase.ts';
import type { Standing } from '../base/participants.ts';

/** `1 object`, `2 objects`. */
export const objects = (number: number): string => `${number} ${number === 1 ? 'object' : 'objects'}`;

/** A task's state, and whether an instance is at work on it; undefined where that is not known. */
export type AttendedStatus = TaskStatus & { readonly atWork?: boolean | undefined };

/** Its state says that an instance is at work, and none is: it was killed, and could not write that it ended. */
const isLeft = (status: Pick<AttendedStatus, 'phase' | 'atWork'>): boolean =>
  isAtWork(status) && status.atWork === false;

/** One task in a few lines. */
export function describeTask(status: AttendedStatus): string {
  const { task, phase, primary, replicas, kinds, skipped, failures, notes } = status;
  const isOver = isLeft(status);
  const stands = isOver ? `nobody is at work (it was ${phase})` : phase;
  return [
    `Task ${task}: ${stands}, ${objects(status.objects)} of ${kinds.length} kinds from ${primary.name}`,
    ...(primary.problem === undefined ? [] : [`  the primary can't be read: ${primary.problem}`]),
    ...Object.entries(primary.unlisted ?? {}).map(
      ([kind, why]) => `  can't read ${kind} of the primary: ${why}`,
    ),
    ...replicas.flatMap((replica) => describeReplica(replica, isOver)),
    ...Object.entries(skipped).map(([why, number]) => `  not copied: ${number} (${why})`),
    ...failures.map(
      ({ replica, kind, reason, count: number }) => `  failing: ${number} ${kind} on ${replica}: ${reason}`,
    ),
    ...digestLines(replicas),
    ...notes.map((note) => `  note: ${note}`),
  ].join('\n');
}

/** Who is at work on a task whose state says that somebody is, or since when nobody is. */
export function describeHolder(
  status: Pick<AttendedStatus, 'phase' | 'atWork'>,
  holder: Claim | null | undefined,
): string[] {
  if (!isAtWork(status)) return [];
  if (holder === undefined)
    return ["  whether somebody is at work can't be known here: its Lease may not be read"];
  if (holder === null) return ['  nobody is at work: all of this is as it was last written'];
  const { who } = parseHolder(holder.holder);
  return isLeft(status)
    ? [
        `  nobody is at work since ${holder.renewed}, by the clock of ${who}, which has been silent since`,
        '  all of this is as it was last written',
      ]
    : [`  at work: ${who}, who last said so at ${holder.renewed} by their clock`];
}

const sumUp = (done: Readonly<Record<string, number>>): string =>
  Object.entries(done)
    .map(([did, number]) => `${number} ${did}`)
    .join(', ');

/** Of what is behind, what somebody works on and what failed before. */
function atWork({ running = 0, retrying = 0 }: Partial<ReplicaStatus>): string {
  const parts = [
    ...(running === 0 ? [] : [`${running} under way`]),
    ...(retrying === 0 ? [] : [`${retrying} to be tried again`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** How far a replica is, in a few words. What fails, or can't be looked at now, is not up to date. */
export function standing(known: Standing, more = ''): string {
  const { behind, uncompared = 0 } = known;
  const { pending, oldestMs, p50Ms, p99Ms = 0 } = behind;
  const parts = [
    ...(pending === 0
      ? []
      : [`${objects(pending)} behind, the oldest for ${formatDuration(oldestMs)}${more}`]),
    ...(uncompared === 0 ? [] : [`${objects(uncompared)} not compared yet`]),
  ];
  const lag = p50Ms === undefined ? '' : `, lag p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms`;
  return `${parts.length === 0 ? whenNothingWaits(known) : parts.join(', ')}${lag}`;
}

function whenNothingWaits({ failed, away, isOver = false }: Standing): string {
  if (failed > 0) return `${isOver ? 'was ' : ''}up to date but for ${objects(failed)}`;
  if (isOver) return 'was up to date when that was last written';
  return away === undefined ? 'up to date' : 'was up to date when it last answered';
}

function describeReplica(replica: ReplicaStatus, isOver: boolean): string[] {
  const { name, away, failed, left, foreign, deletionsStopped, waiting, lacks, unlisted } = replica;
  // What an earlier version wrote has none.
  const { done = {} } = replica;
  return [
    `  ${name}: ${standing({ ...replica, isOver }, atWork(replica))}`,
    ...(away === undefined ? [] : [`    does not answer: ${away}`]),
    ...(sumUp(done) === '' ? [] : [`    in all: ${sumUp(done)}`]),
    ...(failed === 0 ? [] : [`    ${failed} failing, ${parkedText(replica)}`]),
    ...(deletionsStopped === undefined
      ? []
      : [`    deletions are stopped: ${deletionsStopped}; ${whatApproves(waiting)}`]),
    ...waitingLines(waiting),
    ...(foreign === 0
      ? []
      : [`    ${objects(foreign)} ${foreign === 1 ? 'has' : 'have'} keys of others; --exact removes them`]),
    ...Object.entries(left).map(([why, number]) => `    left: ${number} (${why})`),
    ...Object.entries(unlisted).map(([kind, why]) => `    can't read ${kind}: ${why}`),
    ...lacks.map((line) => `    lacks ${line}`),
  ];
}

/** What those wait for that are not tried again by themselves. */
function parkedText({ parked, unapproved = 0 }: ReplicaStatus): string {
  const forRetry = parked - unapproved;
  if (unapproved === 0) return `${forRetry} of them wait for \`retry\``;
  const forApproval = `${unapproved} of them wait for \`approve\``;
  return forRetry === 0 ? forApproval : `${forApproval}, ${forRetry} for \`retry\``;
}

/** Deletions that are named in a text; all that are kept are in `-o json`. */
const MOST_NAMED = 10;

const whatApproves = (waiting: WaitingDeletions | undefined): string =>
  waiting?.count === 0
    ? 'none waits now, and those that come wait for `approve`'
    : '`approve` lets them go on';

function waitingLines(waiting: WaitingDeletions | undefined): string[] {
  if (!waiting || waiting.count === 0) return [];
  const { count, objects: named } = waiting;
  const more = count > MOST_NAMED ? [`      … ${count - MOST_NAMED} more`] : [];
  return [
    `    waiting to be deleted: ${count}`,
    ...named.slice(0, MOST_NAMED).map((one) => `      ${one}`),
    ...more,
  ];
}

function digestLines(replicas: readonly ReplicaStatus[]): string[] {
  const digest = approvalDigest(replicas);
  return digest === undefined ? [] : [`  approves just that: approve --digest ${digest}`];
}

/** A line for each task and replica; of tasks that a newer version wrote, only that. */
export function tasksTable(statuses: readonly AttendedStatus[], newer: readonly NewerTask[] = []) {
  const rows = [
    ...statuses.flatMap((status) =>
      (status.replicas.length > 0 ? status.replicas : [undefined]).map((replica) => lineOf(status, replica)),
    ),
    ...newer.map(({ task }) => ({ ...nothingKnown, task, phase: 'newer version' })),
  ];
  return table(
    rows,
    [
      { header: 'TASK', value: ({ task }) => task },
      { header: 'PHASE', value: ({ phase }) => phase },
      { header: 'PRIMARY', value: ({ primary }) => primary },
      { header: 'REPLICA', value: ({ replica }) => replica },
      { header: 'OBJECTS', value: ({ objects }) => objects },
      { header: 'BEHIND', value: ({ behind }) => behind },
      { header: 'FAILED', value: ({ failed }) => failed },
      { header: 'DELETIONS', value: ({ deletions }) => deletions },
    ],
    'No tasks found.',
  );
}

const nothingKnown = {
  primary: '-',
  replica: '-',
  objects: '-',
  behind: '-',
  failed: '-',
  deletions: '-',
};

function lineOf(status: AttendedStatus, replica: ReplicaStatus | undefined) {
  const { task, primary, objects } = status;
  const phase = isLeft(status) ? 'nobody at work' : status.phase;
  const known = { ...nothingKnown, task, phase, primary: primary.name, objects: String(objects) };
  if (!replica) return known;
  const { name, away, behind, failed, deletionsStopped } = replica;
  return {
    ...known,
    replica: name,
    behind: away === undefined ? String(behind.pending) : 'away',
    failed: String(failed),
    deletions: deletionsStopped === undefined ? 'ok' : 'stopped',
  };
}
