/**
 * How a task stands that is a cutover: its copies may all have ended well, and what mounts the claims stands still. So its
 * own record decides.
 */
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { type HolderState, lockState } from '../claims/claim-lock.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import { exitCodeIn } from '../run/kept-end.ts';
import { markedAtSource } from './cutover-guard.ts';
import { runsNowOf, stoppedNowOf } from './cutover-now.ts';
import {
  cutoverLockOf,
  cutoverRole,
  cutoverStateOf,
  finishedAtOf,
  isUnderWay,
  type ScaledWorkload,
} from './cutover-state.ts';
import { decisiveRecord, specOf, type TaskEntry } from './inventory.ts';
import { runAgain, type Standing } from './standing.ts';
import { overtakenText, type StoppedNow } from './stopped-workloads.ts';
import type { TaskContext, TaskSides } from './task-sides.ts';

/** How a task stands with its cutover. */
export interface CutoverStanding {
  readonly standing: Standing;
  /** The record of the cutover, wherever it is. */
  readonly record?: TaskRecord;
  /** What stands still, where only the source tells of it. */
  readonly stopped?: readonly ScaledWorkload[];
}

export interface CutoverLook extends Pick<TaskContext, 'clock' | 'connectTo' | 'signal'> {
  /** Also what runs now of one that has ended: clusters are asked for it. */
  readonly withProgress: boolean;
}

/** How the task stands with its cutover, which is at the target; `sidesOf` is asked only where that is in another cluster. */
export async function withCutover(
  entry: TaskEntry,
  standing: Standing,
  kube: KubeClient,
  sidesOf: () => Promise<TaskSides>,
  context: CutoverLook,
): Promise<CutoverStanding> {
  const here = recordIn(Object.values(entry.records).map((record) => ({ kube, record })));
  if (here) return decided(standing, here, sidesOf, context);
  if (entry.records.target || specOf(decisiveRecord(entry)).cutover === undefined) return { standing };
  const { sides, missing } = await sidesOf();
  const there = recordIn(sides);
  if (there) return decided(standing, there, async () => ({ sides }), context);
  const stopped = await markedAtSource(sides, context.signal);
  if (stopped && stopped.length > 0) return { standing: halfway(standing), stopped };
  if (missing.length === 0 || standing.phase !== 'Succeeded') return { standing };
  const why = `how its cutover ended is known at the target only, which can't be asked: ${missing.join('; ')}`;
  return { standing: { phase: 'Unknown', message: why, isUnseen: true } };
}

/** Its source stands still, and nobody knows what for. */
function halfway(standing: Standing): Standing {
  if (standing.phase !== 'Succeeded') return standing;
  return {
    phase: 'Interrupted',
    message: 'not cut over: its source stands still, and its target tells nothing of it',
  };
}

const recordIn = (sides: readonly SideRecord[]): SideRecord | undefined =>
  sides.find(({ record }) => record.role === cutoverRole);

async function decided(
  standing: Standing,
  side: SideRecord,
  sidesOf: () => Promise<Pick<TaskSides, 'sides'>>,
  context: CutoverLook,
): Promise<CutoverStanding> {
  const { kube, record } = side;
  const runsNow = context.withProgress ? await runsNowOf(side, context) : undefined;
  if (record.phase === 'Succeeded')
    return { standing: { ...endedStanding(standing, record), runsNow }, record };
  const holder = await lockState(kube, cutoverLockOf(record), context);
  const told = { standing: { ...cutoverStanding(standing, record, holder), runsNow }, record };
  if (holder === 'live') return told;
  const state = cutoverStateOf(record);
  if (state && isUnderWay(state)) {
    const now = await stoppedNowOf(side, state, context);
    return { standing: unlessOvertaken(told.standing, now, record), record };
  }
  // Such a record says that nothing stands still: it may be edited, or older than a stop whose answer never came.
  const stopped = (await markedAtSource((await sidesOf()).sides, context.signal)) ?? [];
  return stopped.length > 0 ? { ...told, stopped } : told;
}

/** What its copies came to by now does not matter any more: all was at the target when it ended. */
function endedStanding({ exitCode: _, progress: __, ...standing }: Standing, record: TaskRecord): Standing {
  const { message, finishedAt } = record;
  return { ...standing, phase: 'Succeeded', message, finishedAt };
}

/** Nobody is to go on with what another cutover has stopped since. */
function unlessOvertaken(
  standing: Standing,
  stoppedNow: StoppedNow | undefined,
  record: TaskRecord,
): Standing {
  const [other] = stoppedNow?.others ?? [];
  const message = other ? `not cut over: ${overtakenText(other, record)}` : standing.message;
  return { ...standing, message, stoppedNow };
}

/**
 * Pure.
 *
 * @param standing of the copies
 * @param record of the cutover, which has not ended well
 * @param holder of its lock
 */
export function cutoverStanding(standing: Standing, record: TaskRecord, holder: HolderState): Standing {
  if (holder === 'live') {
    if (standing.phase === 'Running') return standing;
    return { phase: 'Running', message: 'its cutover goes on', progress: standing.progress };
  }
  const { phase, message = phase, finishedAt } = record;
  const before = finishedAtOf(record);
  const how = before === undefined ? 'not cut over' : `cut over at ${before}, and not once more`;
  if (phase === 'Failed' || phase === 'Interrupted')
    return { phase, message: `${how}: ${message}`, finishedAt, exitCode: exitCodeIn(record) };
  // Its run was killed: what the copy of that moment does is told, unless that is done.
  if (!isUnderWay(cutoverStateOf(record)) && standing.phase !== 'Succeeded') return standing;
  return { phase: 'Interrupted', message: `${how}: its run has ended in the middle; ${runAgain}` };
}
