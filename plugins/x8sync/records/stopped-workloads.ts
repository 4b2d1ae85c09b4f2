/** What a cutover has stopped and nobody has started since, and how a person starts it by hand. */
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import type { NamespaceRef } from '../claims/claim.ts';
import type { Role } from '../objects/sides.ts';
import {
  type CutoverState,
  describeWorkload,
  notedAtTarget,
  type ScaledWorkload,
  scaleCommand,
  workloadResources,
} from './cutover-state.ts';
import { specOf } from './inventory.ts';
import { type CutoverId, isOf, type MarkedWorkload, markedIn } from './stop-mark.ts';

/** A workload of a cutover that has no pods for another one by now, by its mark. */
export interface OvertakenWorkload extends MarkedWorkload {
  readonly side: Role;
}

/** What has become of what a cutover has stopped; of one that was deleted, or made anew, nothing. */
export interface StoppedNow {
  /** Without pods, for this cutover as far as anybody knows. */
  readonly still: readonly ScaledWorkload[];
  /** With pods again. */
  readonly running: readonly ScaledWorkload[];
  /** What another cutover has stopped since, and perhaps moved; also of what this one was to start, or has started. */
  readonly others: readonly OvertakenWorkload[];
}

/** @param places of both sides */
export async function stoppedNow(
  places: Readonly<Record<Role, NamespaceRef>>,
  state: Pick<CutoverState, Role | 'targetGenerations'>,
  id: CutoverId,
  signal: AbortSignal,
): Promise<StoppedNow> {
  const { source, target } = state;
  const [now, ofTarget] = await Promise.all([
    workloadsNow(places.source, source, signal),
    workloadsNow(places.target, target, signal),
  ]);
  const others = [...overtakenIn('source', now, id), ...overtakenAtTarget(ofTarget, state, id)];
  return { ...withoutOthers(now, id), others };
}

/** Those of the source's that stand still for a cutover, see {@link StoppedNow}. */
export async function standingStill(
  place: NamespaceRef,
  { source }: Pick<CutoverState, 'source'>,
  id: CutoverId,
  signal: AbortSignal,
): Promise<readonly ScaledWorkload[]> {
  return withoutOthers(await workloadsNow(place, source, signal), id).still;
}

function withoutOthers(now: readonly WorkloadNow[], id: CutoverId): Pick<StoppedNow, 'still' | 'running'> {
  const others = overtakenIn('source', now, id).map(({ workload }) => workload.uid);
  const own = now.filter(({ workload }) => !others.includes(workload.uid));
  return {
    still: own.flatMap(({ workload, replicas }) => (replicas === 0 ? [workload] : [])),
    running: own.flatMap(({ workload, replicas }) => (replicas > 0 ? [workload] : [])),
  };
}

/** Of these those that stand still for another cutover, or were moved by one. */
const overtakenIn = (side: Role, now: readonly WorkloadNow[], id: CutoverId): OvertakenWorkload[] =>
  now.flatMap(({ workload, object }) => {
    const marked = markedIn(workload.kind, object);
    return marked && !isOf(marked.mark, id) ? [{ ...marked, side }] : [];
  });

/**
 * The same of the target's. One that nobody has changed since this cutover noted it bears the mark of a cutover before it, as
 * whatever does that is cut over to from where it was moved.
 */
export function overtakenAtTarget(
  now: readonly WorkloadNow[],
  state: Pick<CutoverState, 'target' | 'targetGenerations'>,
  id: CutoverId,
): OvertakenWorkload[] {
  const noted = notedAtTarget(state);
  const isChanged = ({ workload, object }: WorkloadNow): boolean => {
    const generation = noted.get(workload.uid);
    return generation === undefined || object.metadata.generation !== generation;
  };
  return overtakenIn('target', now.filter(isChanged), id);
}

/** Says that what a cutover had stopped, or was to start, is another one's by now. */
export const overtakenText = (
  { workload, mark, side }: OvertakenWorkload,
  { task }: Pick<CutoverId, 'task'>,
): string =>
  `cutover ${task} can't be gone on with: ${describeWorkload(workload)} of the ${side} ${mark.moved ? 'was moved' : 'stands still'} by cutover ${mark.task}, to claim ${mark.target}, since`;

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
