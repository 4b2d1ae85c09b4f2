/** What a cutover has stopped and nobody has started since, and how a person starts it by hand. */
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import type { NamespaceRef } from '../claims/claim.ts';
import {
  type CutoverState,
  describeWorkload,
  type ScaledWorkload,
  scaleCommand,
  workloadResources,
} from './cutover-state.ts';
import { specOf } from './inventory.ts';
import { type CutoverId, isOf, type MarkedWorkload, markedIn } from './stop-mark.ts';

/** What has become of what a cutover has stopped; of one that was deleted, or made anew, nothing. */
export interface StoppedNow {
  /** Without pods, for this cutover as far as anybody knows. */
  readonly still: readonly ScaledWorkload[];
  /** With pods again. */
  readonly running: readonly ScaledWorkload[];
  /** Without pods for another cutover, by the marks on them: that has stopped them since, and perhaps moved them. */
  readonly others: readonly MarkedWorkload[];
}

export async function stoppedNow(
  place: NamespaceRef,
  { source }: Pick<CutoverState, 'source'>,
  id: CutoverId,
  signal: AbortSignal,
): Promise<StoppedNow> {
  const now = await workloadsNow(place, source, signal);
  const running = now.flatMap(({ workload, replicas }) => (replicas > 0 ? [workload] : []));
  const stopped = now.filter(({ replicas }) => replicas === 0);
  const others = stopped.flatMap(({ workload, object }) => {
    const marked = markedIn(workload.kind, object);
    return marked && !isOf(marked.mark, id) ? [marked] : [];
  });
  const isOthers = ({ uid }: ScaledWorkload) => others.some(({ workload }) => workload.uid === uid);
  const still = stopped.flatMap(({ workload }) => (isOthers(workload) ? [] : [workload]));
  return { still, running, others };
}

/** Says that what a cutover had stopped is another one's by now. */
export const overtakenText = (
  { workload, mark }: MarkedWorkload,
  { task }: Pick<CutoverId, 'task'>,
): string =>
  `cutover ${task} can't be gone on with: ${describeWorkload(workload)} of the source ${mark.moved ? 'was moved' : 'stands still'} by cutover ${mark.task}, to claim ${mark.target}, since`;

/** Those that stand still for a cutover, see {@link StoppedNow}. */
export const standingStill = async (
  place: NamespaceRef,
  state: Pick<CutoverState, 'source'>,
  id: CutoverId,
  signal: AbortSignal,
): Promise<readonly ScaledWorkload[]> => (await stoppedNow(place, state, id, signal)).still;

/** Whether all that is there of what a cutover has stopped has pods again. */
export async function runsAgain(
  place: NamespaceRef,
  { source }: CutoverState,
  signal: AbortSignal,
): Promise<boolean> {
  const now = await workloadsNow(place, source, signal);
  return now.length > 0 && now.every(({ replicas }) => replicas > 0);
}

/**
 * Those of the target's that a cutover has started, or somebody else since: what they have written is nowhere else.
 *
 * @param place the target's
 */
export async function startedAtTarget(
  place: NamespaceRef,
  { afterwards, target }: CutoverState,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  return afterwards === 'target' ? withPods(place, target, signal) : [];
}

/** Those of these that are to have pods. */
export async function withPods(
  place: NamespaceRef,
  workloads: readonly ScaledWorkload[],
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  const now = await workloadsNow(place, workloads, signal);
  return now.flatMap(({ workload, replicas }) => (replicas > 0 ? [workload] : []));
}

/** A workload of a record that is still there, as it is now. */
export interface WorkloadNow {
  readonly workload: ScaledWorkload;
  /** How many pods it is to have. */
  readonly replicas: number;
  readonly object: KubeObject;
}

/** Those of these that are there still. */
export async function workloadsNow(
  { kube, namespace }: NamespaceRef,
  workloads: readonly ScaledWorkload[],
  signal: AbortSignal,
): Promise<WorkloadNow[]> {
  const found = workloads.map(async (workload) => {
    const { kind, name, uid } = workload;
    const now = await kube.find(workloadResources[kind], { namespace, name }, { signal });
    const { replicas = 1 } = (now?.spec ?? {}) as { readonly replicas?: number };
    return now?.metadata.uid === uid ? [{ workload, replicas, object: now }] : [];
  });
  return (await Promise.all(found)).flat();
}

/** Which cutover a record is of, as the marks say. */
export const cutoverIdOf = (record: TaskRecord): CutoverId => ({
  task: record.task,
  targetUid: specOf(record).targetUid ?? '',
});

/** Where a cutover's record says that its source is. */
export const sourceNamespaceOf = (record: TaskRecord): string =>
  (specOf(record).sourceClaim ?? '').split('/')[0] ?? '';

/**
 * How to start by hand what a cutover has left stopped, a line each; empty where all of it runs again. Where the source's
 * cluster can't be asked, all of it.
 *
 * @param connect leads to that cluster
 */
export async function startCommands(
  record: TaskRecord,
  state: CutoverState,
  connect: () => Promise<KubeClient>,
  signal: AbortSignal,
): Promise<string[]> {
  const namespace = sourceNamespaceOf(record);
  let context: string | undefined;
  try {
    const kube = await connect();
    context = kube.cluster.context;
    const stopped = await standingStill({ kube, namespace }, state, cutoverIdOf(record), signal);
    return stopped.map((workload) => scaleCommand(workload, context, namespace));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return state.source.map((workload) => scaleCommand(workload, context, namespace));
  }
}
