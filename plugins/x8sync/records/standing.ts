/**
 * How a task stands: what its record says, set right by what its mover's Job and pods say. A copy that no command waits
 * for writes nothing into its record itself. Pure: the only place where that is decided.
 */
import type { ExitCode, X8sError } from '../../../src/errors.ts';
import { jobEnd } from '../../../src/kube/api/conditions.ts';
import type { Job, Pod } from '../../../src/kube/api/objects.ts';
import type { TaskPhase, TaskRecord } from '../../../src/tasks/record.ts';
import type { ClaimName } from '../claims/claim.ts';
import type { HolderState } from '../claims/claim-lock.ts';
import { stateOf } from '../monitor/follow.ts';
import { lostSinceOf, noConnection, progressText } from '../monitor/mover-messages.ts';
import { PodDiagnosis } from '../monitor/pod-diagnosis.ts';
import { type MoverLine, parseMoverLine } from '../mover/protocol/mover-lines.ts';
import type { Mode } from '../mover/protocol/options.ts';
import type { MoverEnd } from '../mover/protocol/protocol.ts';
import { gateName } from '../objects/manifests/pods.ts';
import { type KeptEnd, keptEndOf } from '../run/kept-end.ts';
import { takenUp } from '../run/pods/mover-job.ts';
import { type CopyEnd, isThrough, withUsers } from '../run/results/copy-end.ts';
import { asAsked, failureOf, isWhole, titleOf } from '../run/results/result.ts';
import type { RunsNow } from './cutover-now.ts';
import type { ScaledWorkload } from './cutover-state.ts';
import { specOf } from './inventory.ts';
import type { GoneSchedule, SchedulePhase, ScheduleStanding } from './schedule-text.ts';
import type { StoppedNow } from './stopped-workloads.ts';

/** `Unknown`: it can't be told from here. Never `Running` of a mover that was not seen. */
export type StandingPhase = TaskPhase | 'Unknown' | SchedulePhase;

export interface Standing {
  readonly phase: StandingPhase;
  /** One line: how it ended, what it waits for, or why that is not known. */
  readonly message?: string | undefined;
  /** One line: how far it is. */
  readonly progress?: string | undefined;
  /** RFC 3339. */
  readonly finishedAt?: string | undefined;
  /** The mover's own last line, where its pod was seen. */
  readonly end?: CopyEnd | undefined;
  /** Of a task that copies at its times. */
  readonly schedule?: ScheduleStanding | GoneSchedule | undefined;
  /** What its run ended with, where that is not what {@link end} says. */
  readonly exitCode?: ExitCode | undefined;
  /** Its mover could not be looked at, which may pass. */
  readonly isUnseen?: true;
  /** What a cutover has stopped at the source, where only the source tells of that. */
  readonly stopped?: readonly ScaledWorkload[];
  /** What has become of what a cutover in its middle has stopped, where its source was asked. */
  readonly stoppedNow?: StoppedNow | undefined;
  /** What runs now of a cutover that has ended, where its clusters were asked. */
  readonly runsNow?: RunsNow | undefined;
}

/** What to do about a task whose own command has ended: said of nothing that still runs. */
export const runAgain = 'run the same command again to go on with it';

/** What was seen of a task's mover in the target's cluster. */
export interface Sight {
  readonly job: Job | undefined;
  /** Of this task's mover, whichever Job made them. */
  readonly pods: readonly Pod[];
  /** Whether a command says that it works on the task; looked at only where there is no Job. */
  readonly holder: HolderState;
  /** Pods of others that wrote to the target beside it. */
  readonly targetUsers?: readonly string[] | undefined;
  /** The last lines of the mover's log, where they were asked for. */
  readonly said: readonly MoverLine[];
}

/** Why the mover could not be looked at. */
export interface NoSight {
  readonly obstacle: string;
}

/** Whether a mover may be at work, or may have ended, without the record saying so. */
export const mayHaveMover = ({ phase }: Pick<TaskRecord, 'phase'>): boolean =>
  phase === 'Running' || phase === 'Interrupted';

/** How a task stands whose record says all there is to it. */
export function recordedStanding({ phase, message, progress, finishedAt }: TaskRecord): Standing {
  return { phase, message, progress, finishedAt };
}

/** How a task stands whose record is the target's, or the source's where the target can't be looked at. */
export function standingOf(record: TaskRecord, sight: Sight | NoSight, claims: Claims): Standing {
  if (!mayHaveMover(record)) return recordedStanding(record);
  if ('obstacle' in sight) return unseen(record, sight.obstacle);
  return sight.job ? withJob(record, sight.job, sight, claims) : withoutJob(record, sight);
}

/** The claims by their names, for messages. */
export type Claims = Readonly<Record<'source' | 'target', ClaimName>>;

function unseen(record: TaskRecord, obstacle: string): Standing {
  const kept = keptEndOf(record);
  if (kept) return asStanding(kept);
  // That a run was ended, and by whom, is in the record; only its mover may have gone on.
  return { phase: 'Unknown', message: obstacle, progress: lastWritten(record), isUnseen: true };
}

export const asStanding = ({ phase, message, finishedAt }: KeptEnd): Standing => ({
  phase,
  message,
  finishedAt,
});

const lastWritten = ({ progress, heartbeat }: TaskRecord): string | undefined =>
  progress === undefined ? undefined : `${progress}, at ${heartbeat}`;

function withoutJob(record: TaskRecord, { holder }: Sight): Standing {
  const { message } = record;
  if (holder === 'live')
    return { ...recordedStanding(record), message: message ?? 'no mover is there now: it begins or is over' };
  const kept = keptEndOf(record);
  if (kept) return asStanding(kept);
  if (record.phase === 'Interrupted') return recordedStanding(record);
  const why = `its mover is gone, and nobody has read how it ended; ${runAgain}`;
  return { phase: 'Unknown', message: why, progress: lastWritten(record) };
}

function withJob(record: TaskRecord, job: Job, sight: Sight, claims: Claims): Standing {
  const { nonce } = takenUp(job, []);
  const last = endIn(sight, nonce);
  if (last) return endedStanding(record, last, claims, sight.targetUsers);
  const kept = keptEndOf(record);
  if (kept?.nonce === nonce) return asStanding(kept);
  const over = jobEndText(job);
  if (over)
    return {
      phase: 'Unknown',
      message: `its mover's Job is over (${over}), and the pod that said how it ended is gone; ${runAgain}`,
    };
  return { phase: 'Running', ...waitingOf(record, sight) };
}

export interface PodEnd {
  readonly end: MoverEnd;
  /** Undefined of a container that is about to end. */
  readonly finishedAt: string | undefined;
}

/** The mover's end line, in its log or in what the kubelet keeps of a container that has ended. */
export function endIn({ pods, said }: Pick<Sight, 'pods' | 'said'>, nonce: string): PodEnd | undefined {
  const kept = pods.flatMap((pod) => {
    const ended = ['target', gateName].map((container) => stateOf(pod, container)?.terminated);
    return ended.flatMap((state) =>
      (state?.message ?? '')
        .split('\n')
        .map((text) => ({ line: parseMoverLine(text), finishedAt: state?.finishedAt })),
    );
  });
  // One that was stopped has a successor.
  for (const { line, finishedAt } of [...kept, ...said.map((line) => ({ line, finishedAt: undefined }))])
    if (line.kind === 'end' && line.end.nonce === nonce && line.end.outcome !== 'interrupted')
      return { end: line.end, finishedAt };
  return undefined;
}

export function endedStanding(
  record: TaskRecord,
  { end: said, finishedAt }: PodEnd,
  claims: Claims,
  targetUsers: readonly string[] = [],
): Standing {
  const { fsGroup, mode = 'merge' } = specOf(record);
  const asked = asAsked(said, { fsGroup: fsGroup === undefined ? undefined : Number(fsGroup) });
  const end = withUsers(asked, targetUsers);
  const ended = { finishedAt, end };
  if (isThrough(end)) {
    const phase = isWhole(end) ? 'Succeeded' : 'Incomplete';
    return { phase, message: titleOf(end, mode as Mode), ...ended };
  }
  return { phase: 'Failed', message: failureIn(record, end, claims).message, ...ended };
}

/** The error of a mover that came to no good end. */
function failureIn(record: TaskRecord, end: MoverEnd, claims: Claims): X8sError {
  const { mode = 'merge' } = specOf(record);
  const copy = { ...claims, mode: mode as Mode, name: record.task };
  return failureOf(end, copy, { diagnostics: [], begun: end.stats.transferredFiles > 0 });
}

export function jobEndText(job: Job): string | undefined {
  const over = jobEnd(job);
  return over && [over.type, over.reason, over.message].filter(Boolean).join(': ');
}

/** How far a mover is by its last lines, and since when it has no connection; undefined where they do not tell. */
function saidProgress(said: readonly MoverLine[]): string | undefined {
  const last = said.findLast((line) => line.kind === 'progress');
  const lost = lostSinceOf(said);
  if (last) return progressText(last.progress, lost);
  return lost === undefined ? undefined : noConnection(lost);
}

/** What a mover without an end waits for, and how far it is. */
export function waitingOf(
  record: TaskRecord,
  { pods, said }: Pick<Sight, 'pods' | 'said'>,
): Omit<Standing, 'phase'> {
  const [trouble] = pods.flatMap((pod) => new PodDiagnosis().diagnose(pod, true)?.text ?? []);
  const isHeld = record.holder !== undefined;
  const now = isHeld ? record.message : 'no command waits for it: it goes on by itself';
  return {
    message: trouble ?? (pods.length === 0 ? 'its pod is not made yet' : now),
    // What a command wrote before it left the mover to itself is old.
    progress: saidProgress(said) ?? (isHeld ? record.progress : undefined),
  };
}
