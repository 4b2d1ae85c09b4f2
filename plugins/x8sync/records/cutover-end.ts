/** What a cutover came to, as its record keeps it for whoever asks later. Pure. */
import { isJson } from '../../../src/json.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { formatDuration } from '../../../src/ui/format.ts';
import type { Verification } from '../mover/protocol/protocol.ts';
import { verificationTitle } from '../run/results/verification.ts';
import {
  finishedKey,
  isEnd,
  isScaledList,
  isVerificationOrNone,
  namesOf,
  type ScaledWorkload,
  type Then,
} from './cutover-state.ts';

export interface CutoverEnd {
  /** RFC 3339, of the machine that made it. */
  readonly at: string;
  readonly afterwards: Then;
  /** From the stop until what was started was ready; absent where nothing was stopped, nothing started, or nobody knows. */
  readonly downtimeSeconds?: number | undefined;
  /** Of the source, with the pods that they had. */
  readonly stopped: readonly ScaledWorkload[];
  readonly started: readonly ScaledWorkload[];
  /** Of the last copy; absent where nothing was compared. */
  readonly verification?: Verification | undefined;
}

/** Which side's files what was started has. */
export type EndSide = 'source' | 'target' | 'nothing';

export const isCutoverEnd = (value: unknown): value is CutoverEnd =>
  isJson(value) &&
  typeof value.at === 'string' &&
  isEnd(value.afterwards) &&
  (value.downtimeSeconds === undefined || typeof value.downtimeSeconds === 'number') &&
  isScaledList(value.stopped) &&
  isScaledList(value.started) &&
  isVerificationOrNone(value.verification);

/** How a cutover has ended, whatever a later run of it came to; undefined where it never did. */
export function endOf({ checkpoints }: Pick<TaskRecord, 'checkpoints'>): CutoverEnd | undefined {
  const end = checkpoints[finishedKey];
  return isCutoverEnd(end) ? end : undefined;
}

export const sideOfEnd = ({ afterwards, started }: CutoverEnd): EndSide => {
  if (started.length === 0) return 'nothing';
  return afterwards === 'source' ? 'source' : 'target';
};

/** `Deployment next (3) of the target`; where it was given the other claim, that is said. */
function startedText({ afterwards, started }: CutoverEnd): string {
  if (started.length === 0) return 'nothing';
  const where = {
    target: 'of the target',
    source: 'of the source',
    repoint: 'with the new claim',
    nothing: '',
  };
  return `${namesOf(started)} ${where[afterwards]}`;
}

/** One line, for a list. */
export function endLine(end: CutoverEnd): string {
  const { downtimeSeconds, stopped } = end;
  const pause =
    downtimeSeconds === undefined ? '' : `, ${formatDuration(downtimeSeconds * 1000)} of downtime`;
  const still = stopped.length > 0 && end.started.length === 0 ? `${namesOf(stopped)} was stopped, ` : '';
  return `cut over${pause}: ${still}${startedText(end)} was started, ${verifiedText(end)}`;
}

export const stoppedAndStarted = (end: CutoverEnd): string =>
  `stopped ${end.stopped.length === 0 ? 'nothing' : `${namesOf(end.stopped)} of the source`}, started ${startedText(end)}`;

export const verifiedText = ({ verification }: Pick<CutoverEnd, 'verification'>): string =>
  verification ? verificationTitle(verification) : 'not verified';
