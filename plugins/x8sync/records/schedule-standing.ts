/** How a schedule stands: what its CronJob, its Jobs and their pods say. Pure: the only place where that is decided. */
import { jobEnd } from '../../../src/kube/api/conditions.ts';
import type { CronJob, Job, Pod } from '../../../src/kube/api/objects.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import type { MoverLine } from '../mover/protocol/mover-lines.ts';
import { timetableOf } from '../objects/timetable.ts';
import { firstCopyIn } from '../run/first-copy.ts';
import { nonceIn } from '../run/pods/workers.ts';
import { nextTime } from '../run/schedule-report.ts';
import {
  type GoneSchedule,
  goneHint,
  goneScheduleText,
  phaseOf,
  type ScheduledCopies,
  type ScheduledCopy,
  type ScheduleStanding,
  scheduleText,
} from './schedule-text.ts';
import { type Claims, endedStanding, endIn, jobEndText, type Standing, waitingOf } from './standing.ts';

/** What was seen of a schedule's copies in the target's cluster. */
export interface CopiesSight {
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
  /** The last lines of the mover that runs, where they were asked for. */
  readonly said: readonly MoverLine[];
}

/** The same, with what makes them. */
export interface ScheduleSight extends CopiesSight {
  readonly cronJob: CronJob;
  /** The last warning among the CronJob's events, where it was asked for. */
  readonly warning?: string | undefined;
}

/** A controller that was away for a moment, or is behind, is not late yet. */
const graceMs = 90_000;

/** @param claims by their names, for messages. */
export function scheduleStanding(
  record: TaskRecord,
  sight: ScheduleSight,
  claims: Claims,
  now: Date,
): Standing & { readonly schedule: ScheduleStanding } {
  const schedule = scheduleOf(record, sight, claims, now);
  const { lastGood, lastFailure } = schedule;
  return {
    phase: phaseOf(schedule),
    progress: scheduleText(schedule, now),
    message: (lastFailure ?? lastGood)?.message,
    schedule,
  };
}

/**
 * How a schedule stands whose CronJob is not there any more, by its record and the Jobs that were left.
 *
 * @param claims by their names, for messages.
 */
export function goneScheduleStanding(
  record: TaskRecord,
  sight: CopiesSight,
  claims: Claims,
  now: Date,
): Standing {
  const { namespace, name, task } = record;
  const copies = copiesOf(record, sight, claims, undefined);
  const schedule: GoneSchedule = { gone: true, cronJob: `${namespace}/${name}`, ...copies };
  const text = `${goneScheduleText(schedule, now)}; ${goneHint(task)}`;
  return { phase: 'Failing', progress: text, message: text, schedule };
}

function scheduleOf(record: TaskRecord, sight: ScheduleSight, claims: Claims, now: Date): ScheduleStanding {
  const { cronJob } = sight;
  const timetable = timetableOf(cronJob);
  const suspended = cronJob.spec.suspend === true;
  const copies = copiesOf(record, sight, claims, cronJob.status?.lastSuccessfulTime);
  return {
    ...timetable,
    ...copies,
    suspended,
    overdue: suspended || copies.running ? undefined : overdueCopy(sight, now),
    next: suspended ? undefined : nextTime(timetable, now)?.toISOString(),
  };
}

/** @param lastGoodAt as the CronJob remembers it */
function copiesOf(
  record: TaskRecord,
  sight: CopiesSight,
  claims: Claims,
  lastGoodAt: string | undefined,
): ScheduledCopies {
  const newest = [...sight.jobs].sort((a, b) => bornAt(b).localeCompare(bornAt(a)));
  const running = newest.find((job) => jobEnd(job) === undefined);
  const last = newest.find((job) => jobEnd(job) !== undefined);
  const copyOf = (job: Job) => endedCopy(record, job, sight, claims);
  return {
    lastGood: lastGood(record, lastGoodAt, newest.find(isGood), copyOf),
    lastFailure: last && !isGood(last) ? copyOf(last) : undefined,
    running: running && runningCopy(record, running, sight),
  };
}

const bornAt = ({ metadata }: Job): string => metadata.creationTimestamp ?? '';

const isGood = (job: Job): boolean => jobEnd(job)?.type === 'Complete';

/** A CronJob remembers when it last went well for longer than its Jobs stay. */
function lastGood(
  record: TaskRecord,
  at: string | undefined,
  job: Job | undefined,
  copyOf: (job: Job) => ScheduledCopy,
): ScheduledCopy | undefined {
  if (job) return { ...copyOf(job), ...(at !== undefined && { at }) };
  if (at !== undefined) return { at };
  const first = firstCopyIn(record);
  return first?.isGood ? { at: first.at, message: first.message } : undefined;
}

function endedCopy(record: TaskRecord, job: Job, sight: CopiesSight, claims: Claims): ScheduledCopy {
  const at = job.status?.completionTime ?? jobEnd(job)?.lastTransitionTime ?? bornAt(job);
  const end = endIn({ pods: podsOf(job, sight), said: [] }, nonceIn(job));
  if (end) {
    const { outcome, stats } = end.end;
    return { at, message: endedStanding(record, end, claims).message, outcome, stats };
  }
  return { at, message: isGood(job) ? undefined : jobEndText(job) };
}

function runningCopy(record: TaskRecord, job: Job, sight: CopiesSight): ScheduledCopy {
  // No command is to wait for it, so that none does is not worth a word.
  const held = { ...record, holder: '', message: undefined, progress: undefined };
  const { message, progress } = waitingOf(held, { pods: podsOf(job, sight), said: sight.said });
  return { at: job.status?.startTime ?? bornAt(job), message: progress ?? message };
}

const podsOf = ({ metadata: { uid } }: Job, { pods }: CopiesSight): Pod[] =>
  pods.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));

/** A Job that was due since the last one was made, and is not there: a quota or a policy may be against it. */
function overdueCopy({ cronJob, warning }: ScheduleSight, now: Date): ScheduledCopy | undefined {
  const { metadata, status } = cronJob;
  const since = status?.lastScheduleTime ?? metadata.creationTimestamp;
  const due = since === undefined ? undefined : nextTime(timetableOf(cronJob), new Date(since));
  if (!due || now.getTime() - due.getTime() < graceMs) return undefined;
  return { at: due.toISOString(), message: warning };
}
