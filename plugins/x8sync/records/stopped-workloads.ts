/** What a cutover has stopped and nobody has started since, and how a person starts it by hand. */
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import type { NamespaceRef } from '../claims/claim.ts';
import { type CutoverState, type ScaledWorkload, scaleCommand, workloadResources } from './cutover-state.ts';
import { specOf } from './inventory.ts';

/** Those of the source's workloads that have no pods still; one that was deleted, or made anew, has none to get back. */
export async function standingStill(
  kube: KubeClient,
  namespace: string,
  { source }: CutoverState,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  const now = await podsNow({ kube, namespace }, source, signal);
  return now.flatMap(({ workload, replicas }) => (replicas === 0 ? [workload] : []));
}

/** Whether all that is there of what a cutover has stopped has pods again. */
export async function runsAgain(
  place: NamespaceRef,
  { source }: CutoverState,
  signal: AbortSignal,
): Promise<boolean> {
  const now = await podsNow(place, source, signal);
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
  const now = await podsNow(place, workloads, signal);
  return now.flatMap(({ workload, replicas }) => (replicas > 0 ? [workload] : []));
}

/** How many pods each is to have now, of those that are there still. */
async function podsNow(
  { kube, namespace }: NamespaceRef,
  workloads: readonly ScaledWorkload[],
  signal: AbortSignal,
): Promise<{ readonly workload: ScaledWorkload; readonly replicas: number }[]> {
  const found = workloads.map(async (workload) => {
    const { kind, name, uid } = workload;
    const now = await kube.find(workloadResources[kind], { namespace, name }, { signal });
    const { replicas = 1 } = (now?.spec ?? {}) as { readonly replicas?: number };
    return now?.metadata.uid === uid ? [{ workload, replicas }] : [];
  });
  return (await Promise.all(found)).flat();
}

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
    const stopped = await standingStill(kube, namespace, state, signal);
    return stopped.map((workload) => scaleCommand(workload, context, namespace));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return state.source.map((workload) => scaleCommand(workload, context, namespace));
  }
}
