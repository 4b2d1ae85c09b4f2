/** Keeps a task from being ended in the middle of its cutover: nobody would start any more what that has stopped. */
import { RefusedError, X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { liveHolder } from '../claims/claim-lock.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import {
  type CutoverState,
  cutoverLockOf,
  cutoverRole,
  cutoverStateOf,
  isFinishedCutover,
  isUnderWay,
  namesOf,
  type ScaledWorkload,
  scaleCommand,
} from './cutover-state.ts';
import { specOf } from './inventory.ts';
import { forgetLine, isOf, stoppedBy } from './stop-mark.ts';
import {
  cutoverIdOf,
  overtakenAtTarget,
  runsAgain,
  sourceNamespaceOf,
  startCommands,
  startedAtTarget,
  workloadsNow,
} from './stopped-workloads.ts';
import { sourceClient, type TaskContext, type TaskSides } from './task-sides.ts';

type GuardContext = Pick<TaskContext, 'clock' | 'connectTo' | 'signal'>;

/**
 * How many pods the workloads had stands in the cutover's record, and in the marks on them.
 *
 * @throws RefusedError where a cutover has stopped some that nobody has started since: with who is at it, or how to start
 *   them.
 */
export async function requireNoCutover(
  task: string,
  { sides }: Pick<TaskSides, 'sides'>,
  context: GuardContext,
): Promise<void> {
  for (const side of sides) {
    const state = cutoverStateOf(side.record);
    if (state && isUnderWay(state)) await requireOver(task, side, state, context);
  }
  // A cutover that has ended may have been kept from saying so on its marks.
  if (sides.some(({ record }) => record.role === cutoverRole && isFinishedCutover(record))) return;
  // A record that says nothing of it may be edited, or older than a stop whose answer never came.
  const stopped = await markedAtSource(sides, context.signal);
  const { kube, record } = sides.find(({ record: { role } }) => role === 'source') ?? {};
  if (!kube || !record || !stopped || stopped.length === 0) return;
  const { context: name } = kube.cluster;
  const keep = stopped.map((workload) => forgetLine(workload, name, record.namespace));
  throw new RefusedError(
    `task ${task} is in the middle of a cutover, of which only its source tells: ${namesOf(stopped)} stands still`,
    {
      details: stopped.map((workload) => scaleCommand(workload, name, record.namespace)),
      hint: `see first that nothing runs at the target (claim ${specOf(record).targetClaim ?? 'unknown'}): the lines above start what it has stopped, and two of them would run; for what is to stay without pods: ${keep.join('; ')}`,
    },
  );
}

/**
 * A run of a cutover needs its record, and loses hours of copying without it.
 *
 * @throws RefusedError where one is at it, whether it has stopped anything yet or not.
 */
export async function requireNoLiveCutover(
  task: string,
  { sides }: Pick<TaskSides, 'sides'>,
  context: GuardContext,
): Promise<void> {
  for (const { kube, record } of sides) {
    if (record.role !== cutoverRole) continue;
    const holder = await liveHolder(kube, cutoverLockOf(record), context);
    if (holder !== undefined) throw cutoverGoesOn(task, holder);
  }
}

/**
 * What stands still at the source of a task by the marks there, which are there whatever has become of the target.
 *
 * @returns undefined where that may not be asked, or the task is no cutover's.
 */
export async function markedAtSource(
  sides: readonly SideRecord[],
  signal: AbortSignal,
): Promise<ScaledWorkload[] | undefined> {
  const source = sides.find(({ record }) => record.role === 'source');
  const { cutover, targetUid = '' } = specOf(source?.record);
  if (!source || cutover === undefined) return undefined;
  const { namespace, task } = source.record;
  try {
    const marked = await stoppedBy(source.kube, namespace, (mark) => isOf(mark, { task, targetUid }), signal);
    return marked.map(({ workload }) => workload);
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** @param side the one with the record of the cutover, which is beside the target's. */
async function requireOver(
  task: string,
  { kube, record }: SideRecord,
  state: CutoverState,
  context: GuardContext,
): Promise<void> {
  const { signal } = context;
  const holder = await liveHolder(kube, cutoverLockOf(record), context);
  if (holder !== undefined) throw cutoverGoesOn(task, holder);
  const target = { kube, namespace: record.namespace };
  const ofTarget = await workloadsNow(target, state.target, signal);
  // Its end is another cutover's matter by now; what stands still at the source bears its mark.
  if (overtakenAtTarget(ofTarget, state, cutoverIdOf(record)).some(({ mark }) => mark.moved)) return;
  // Its workloads may be in another cluster.
  const server = record.peer?.server ?? kube.cluster.server;
  const connect = () => sourceClient({ kube, record }, context);
  const commands = await startCommands(record, state, connect, signal);
  const started = await startedAtTarget(target, state, signal);
  if (commands.length === 0) {
    if (started.length === 0 || !(await sourceRuns(record, state, connect, signal))) return;
    throw bothRun(task, { kube, record }, state, started);
  }
  const title = `task ${task} is in the middle of a cutover`;
  const again = 'run the command of the cutover again to go on with it';
  if (started.length === 0)
    throw new RefusedError(`${title}: its workloads are stopped`, {
      details: commands,
      hint: `${again}; to start them by hand in the cluster of ${server}, run the lines above`,
    });
  throw new RefusedError(
    `${title}: ${namesOf(started)} of the target was started and may have written, and the source's stand still`,
    {
      details: [...stopLines(started, kube.cluster.context, record.namespace), ...commands],
      hint: `${again}; the lines above go back to the source's files, without what was written at the target since`,
    },
  );
}

/** Whether what a cutover has stopped has pods again. False where that can't be asked. */
async function sourceRuns(
  record: TaskRecord,
  state: CutoverState,
  connect: () => Promise<KubeClient>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await runsAgain({ kube: await connect(), namespace: sourceNamespaceOf(record) }, state, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return false;
  }
}

/** What is to stay is for a person to say, and the record tells what it is about. */
function bothRun(
  task: string,
  { kube, record }: SideRecord,
  state: CutoverState,
  started: readonly ScaledWorkload[],
): RefusedError {
  const { context } = kube.cluster;
  const { namespace, name } = record;
  return new RefusedError(
    `task ${task} is in the middle of a cutover: ${namesOf(started)} of the target was started, and ${namesOf(state.source)} of the source since, too`,
    {
      details: stopLines(started, context, namespace),
      hint: `see what both sides hold; the lines above are for the source's files; kubectl --context ${context} -n ${namespace} delete configmap/${name} forgets the cutover where both are to run`,
    },
  );
}

/** How to stop by hand what runs at the target, a line each: first of all, or two of them would run. */
export const stopLines = (started: readonly ScaledWorkload[], context: string, namespace: string): string[] =>
  started.map((workload) => scaleCommand({ ...workload, replicas: 0 }, context, namespace));

/** Who starts its workloads by hand meanwhile makes it fail. */
const cutoverGoesOn = (task: string, holder: string) =>
  new RefusedError(`task ${task} is being cut over at this moment, by ${holder}`, {
    hint: `kubectl x8sync status ${task} --watch shows how far it is; wait until it has ended, or end it there with Ctrl-C: what it has stopped is started again then`,
  });
