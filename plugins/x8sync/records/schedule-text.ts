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

export interface ScheduleStanding extends Timetable {
  readonly suspended: boolean;
  /** The last copy of all of the source, as far as the first one said that it can be kept. */
  readonly lastGood?: ScheduledCopy | undefined;
  /** The last one, where it is no good one. */
  readonly lastFailure?: ScheduledCopy | undefined;
  /** The one that runs, since when, with what it waits for or how far it is. */
  readonly running?: ScheduledCopy | undefined;
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
  const { suspended, lastGood, lastFailure, running, overdue, next } = schedule;
  const ago = (copy: ScheduledCopy) => `${formatAgeSince(copy.at, now)} ago`;
  const why = ({ message }: ScheduledCopy) => (message === undefined ? '' : `: ${message}`);
  const parts = [
    describeTimetable(schedule),
    ...(suspended ? ['suspended'] : []),
    lastGood ? `last good ${ago(lastGood)}` : 'no good copy yet',
    ...(lastFailure ? [`the last one, ${ago(lastFailure)}, was none${why(lastFailure)}`] : []),
    ...(overdue ? [`one was due ${ago(overdue)} and has not begun${why(overdue)}`] : []),
    ...(running ? [`one has run for ${formatAgeSince(running.at, now)}${why(running)}`] : []),
    ...(next === undefined ? [] : [`next in ${formatAge(Date.parse(next) - now.getTime())}`]),
  ];
  return parts.join(', ');
}
