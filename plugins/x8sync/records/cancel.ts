/** Ends a task's run from any workstation; what is copied so far stays, and so does its record, to go on from. */
import { RefusedError, UnreachableError } from '../../../src/errors.ts';
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { jobs } from '../../../src/kube/api/resources.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { thisProcess } from '../../../src/tasks/holder.ts';
import { isFinished, type TaskRecord } from '../../../src/tasks/record.ts';
import { cleanSides, type SideRecord, uncleanError } from '../objects/side-cleanup.ts';
import { sideOf } from '../objects/sides.ts';
import { cancelledError, markCancelled } from '../run/cancellation.ts';
import { forgetEnd } from '../run/kept-end.ts';
import { storeOf } from '../run/request/task-store.ts';
import { requireNoCutover, requireNoLiveCutover } from './cutover-guard.ts';
import type { TaskEntry } from './inventory.ts';
import { lookAt } from './look.ts';
import { requireSound, requireSoundSides } from './soundness.ts';
import type { Standing } from './standing.ts';
import { lockTarget, sidesOf, type TaskContext, targetGone } from './task-sides.ts';

/** How often a live run's lock is asked for. */
const pauseMs = 500;

/**
 * Resolves once no mover writes any more and all but the records is gone.
 *
 * @throws RefusedError where the task has finished, taken up by a command or not, where the run that holds it does not end in time, or where somebody
 *   has changed its record.
 * @throws UnreachableError where a side could not be reached; the other one is clean then.
 * @throws X8sError where the target's cluster has no record of the task any more.
 */
export async function cancel(entry: TaskEntry, kube: KubeClient, context: TaskContext): Promise<void> {
  requireSound(entry, kube);
  const { sides, missing, gone } = await sidesOf(entry, kube, context);
  await requireNoCutover(entry.task, { sides }, context);
  requireSoundSides(entry, kube, sides);
  const target = sides.find(({ record }) => record.role === 'target');
  if (!target && missing.length === 0) throw targetGone(entry, kube, { what: 'cancelled', gone });
  if (!target)
    throw new UnreachableError(`task ${entry.task}: the cluster of its mover can't be reached`, {
      details: missing,
      hint: 'a kubeconfig with a context of that cluster is needed',
    });
  // Of a cutover it is one copy that has ended, and the next may be about to begin.
  if (isFinished(target.record)) await requireNoLiveCutover(entry.task, { sides }, context);
  if (isFinished(target.record)) throw hasFinished(target.record, `cleanup ${entry.task} removes its record`);
  const failure = await requireUnended(entry, kube, context);
  const { who } = thisProcess();
  await storeOf(target.kube, context).update(target.record, (state) => markCancelled(state, who));
  await endMover(target, context);
  const lock = await lockOnceFree(target, context);
  try {
    await settle(sides, endOf(entry.task, failure, who, context), context);
  } finally {
    await lock.release();
  }
  if (missing.length > 0)
    throw new UnreachableError(`task ${entry.task} is cancelled, and one side could not be cleaned up`, {
      details: missing,
      hint: 'run the same command again, with a kubeconfig that has that cluster',
    });
}

/**
 * A mover that nobody waited for may have come to its good end: what it was asked for is done, and is kept in the records
 * by the look at it.
 *
 * @returns how it failed, where it did by itself.
 * @throws RefusedError where it has come to its good end.
 */
async function requireUnended(
  entry: TaskEntry,
  kube: KubeClient,
  context: TaskContext,
): Promise<Standing | undefined> {
  const { task } = entry;
  const { standing } = await lookAt(entry, kube, context, { withProgress: false });
  if (standing.phase === 'Failed') return standing;
  if (standing.phase !== 'Succeeded' && standing.phase !== 'Incomplete') return undefined;
  throw hasFinished({ task, ...standing }, `attach ${task} takes its result, and what it made goes`);
}

/** Takes the mover's Job away: the run that watches it sees that it is over. */
async function endMover({ kube, record }: SideRecord, { signal }: TaskContext): Promise<void> {
  const { meta } = sideOf(kube, record);
  const job = await kube.find(jobs, meta, { signal });
  if (!job) return;
  const { namespace, name, uid } = job.metadata;
  try {
    await kube.delete(jobs, { namespace, name }, { uid, propagationPolicy: 'Foreground', signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** The run that holds the task ends once it sees that its mover is gone. */
async function lockOnceFree(target: SideRecord, context: TaskContext): Promise<HeldLock> {
  const { clock, timeoutMs, signal } = context;
  const until = timeoutMs === 0 ? Number.POSITIVE_INFINITY : clock.monotonic() + timeoutMs;
  for (;;) {
    try {
      return await lockTarget(target, `x8sync cancel ${target.record.task}`, context);
    } catch (error) {
      if (!(error instanceof RefusedError) || clock.monotonic() > until) throw error;
    }
    await clock.sleep(pauseMs, signal);
  }
}

/** What becomes of the task. A copy that had failed by itself keeps why: nobody has ended that one. */
function endOf(
  task: string,
  failure: Standing | undefined,
  by: string,
  { clock }: TaskContext,
): CancelledEnd {
  const now = clock.now().toISOString();
  if (!failure)
    return { task, phase: 'Interrupted', message: cancelledError(task, by).message, finishedAt: now };
  return { task, phase: 'Failed', message: failure.message, finishedAt: failure.finishedAt ?? now };
}

type CancelledEnd = Pick<TaskRecord, 'task' | 'phase' | 'message' | 'finishedAt'>;

/** Cleans up what the run has left, and writes what became of the task; a run that ended it has done both. */
async function settle(
  sides: readonly SideRecord[],
  { task, ...end }: CancelledEnd,
  context: TaskContext,
): Promise<void> {
  const { clock, signal, timeoutMs } = context;
  const now = await Promise.all(
    sides.map(async ({ kube, record }): Promise<SideRecord[]> => {
      const found = await storeOf(kube, context).find(record.namespace, task, record.role, { signal });
      return found?.uid === record.uid ? [{ kube, record: found }] : [];
    }),
  );
  const there = now.flat();
  const finished = there.find(({ record }) => record.role === 'target' && isFinished(record));
  if (finished) throw hasFinished(finished.record, `cleanup ${task} removes its record`);
  const left = await cleanSides(there, { limitMs: timeoutMs, clock, signal });
  await Promise.all(
    there.map(({ kube, record }) =>
      storeOf(kube, context).update(record, (state) => {
        forgetEnd(state);
        Object.assign(state, end, { holder: undefined, progress: undefined });
      }),
    ),
  );
  if (left.length > 0) throw uncleanError(`task ${task} is cancelled`, left);
}

type Finished = Pick<TaskRecord, 'task'> & Pick<Standing, 'message' | 'finishedAt'>;

const hasFinished = ({ task, message, finishedAt }: Finished, next: string) =>
  new RefusedError(
    `task ${task} has finished${finishedAt === undefined ? '' : `, at ${finishedAt}`}: ${message}`,
    {
      hint: `kubectl x8sync ${next}`,
    },
  );
