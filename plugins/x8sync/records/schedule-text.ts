/** A schedule as it stands, and in words. */
import { formatAge, formatAgeSince } from '../../../src/ui/format.ts';
import type { MoverOutcome, MoverStats } from '../mover/protocol/protocol.ts';
import { describeTimetable, type Timetable } from '../schedule/interval.ts';

/** `Failing`: the last copy that came to its end was no good one, or one that is due was not begun. */
export type SchedulePhase = 'Scheduled' | 'Failing' | 'Suspended';

/** One of its copies. */
export interface ScheduledCopy {
  /** RFC 3339, by the cluster's clocks. */
  readonly at: string;
  /** One line: what was copied, or why not; absent where the pod that said so is gone. */
  readonly message?: string | undefined;
  /** How it ended, and what it copied, likewise. */
  readonly outcome?: MoverOutcome | undefined;
  readonly stats?: MoverStats | undefined;
}

/** What its copies have come to, as far as that is known. */
export interface ScheduledCopies {
  /** The last copy of all of the source, as far as the first one said that it can be kept. */
  readonly lastGood?: ScheduledCopy | undefined;
  /** The last one, where it is no good one. */
  readonly lastFailure?: ScheduledCopy | undefined;
  /** The one that runs, since when, with what it waits for or how far it is. */
  readonly running?: ScheduledCopy | undefined;
  /** Why what was copied is lost, where its target claim is gone. */
  readonly lost?: string | undefined;
}

/** One whose CronJob is not there any more: when it was to copy went with that, and so did how its copies ended. */
export interface GoneSchedule extends ScheduledCopies {
  readonly gone: true;
  /** `NAMESPACE/NAME`. */
  readonly cronJob: string;
}

export interface ScheduleStanding extends Timetable, ScheduledCopies {
  readonly gone?: undefined;
  readonly suspended: boolean;
  /** When a copy should have begun that has not. */
  readonly overdue?: ScheduledCopy | undefined;
  /** RFC 3339; absent where it is suspended, or names no day that exists. */
  readonly next?: string | undefined;
}

export function phaseOf({ suspended, lastFailure, overdue }: ScheduleStanding): SchedulePhase {
  if (suspended) return 'Suspended';
  return lastFailure || overdue ? 'Failing' : 'Scheduled';
}

/** `every 15m, last good 12m ago, next in 3m`. */
export function scheduleText(schedule: ScheduleStanding, now: Date): string {
  const { suspended, lastGood, overdue, next } = schedule;
  const parts = [
    describeTimetable(schedule),
    ...(suspended ? ['suspended'] : []),
    lastGood ? `last good ${agoText(lastGood, now)}` : 'no good copy yet',
    ...failureText(schedule, now),
    ...(overdue ? [`one was due ${agoText(overdue, now)} and has not begun${whyText(overdue)}`] : []),
    ...runningText(schedule, now),
    ...(next === undefined ? [] : [`next in ${formatAge(Date.parse(next) - now.getTime())}`]),
  ];
  return parts.join(', ');
}

/** `its CronJob shop/x8sync-fresh-target is gone: nothing copies any more`. */
export const goneText = ({ cronJob, running }: GoneSchedule): string =>
  `its CronJob ${cronJob} is gone: ${running ? 'no copy begins' : 'nothing copies'} any more`;

/** The same with what is known of its copies. */
export function goneScheduleText(schedule: GoneSchedule, now: Date): string {
  const { lastGood } = schedule;
  const parts = [
    goneText(schedule),
    lastGood ? `the last good copy that is known was ${agoText(lastGood, now)}` : 'no good copy is known',
    ...failureText(schedule, now),
    ...runningText(schedule, now),
  ];
  return parts.join(', ');
}

/** What a person can do about that. */
export const goneHint = (task: string): string =>
  `run the same command again, with its --every, to have it back, or end it: kubectl x8sync cancel ${task}`;

const agoText = ({ at }: ScheduledCopy, now: Date): string => `${formatAgeSince(at, now)} ago`;

const whyText = ({ message }: ScheduledCopy): string => (message === undefined ? '' : `: ${message}`);

const failureText = ({ lastFailure }: ScheduledCopies, now: Date): string[] =>
  lastFailure ? [`the last one, ${agoText(lastFailure, now)}, was none${whyText(lastFailure)}`] : [];

const runningText = ({ running }: ScheduledCopies, now: Date): string[] =>
  running ? [`one has run for ${formatAgeSince(running.at, now)}${whyText(running)}`] : [];
