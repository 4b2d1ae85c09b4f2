/** What a cutover has stopped and nobody has started since, and how a person starts it by hand. */
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { type CutoverState, type ScaledWorkload, scaleCommand, workloadResources } from './cutover-state.ts';
import { specOf } from './inventory.ts';

/** Those of the source's workloads that have no pods still; one that was deleted, or made anew, has none to get back. */
export async function standingStill(
  kube: KubeClient,
  namespace: string,
  { source }: CutoverState,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  return having({ kube, namespace }, source, (replicas) => replicas === 0, signal);
}

/** Whether all that is there of what a cutover has stopped has pods again. */
export async function runsAgain(
  place: Place,
  { source }: CutoverState,
  signal: AbortSignal,
): Promise<boolean> {
  const there = await having(place, source, () => true, signal);
  const running = await having(place, source, (replicas) => replicas > 0, signal);
  return running.length > 0 && running.length === there.length;
}

/**
 * Those of the target's that a cutover has started, or somebody else since: what they have written is nowhere else.
 *
 * @param place the target's
 */
export async function startedAtTarget(
  place: Place,
  { afterwards, phase, target }: CutoverState,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  if (afterwards !== 'target' || phase !== 'starting') return [];
  return having(place, target, (replicas) => replicas > 0, signal);
}

interface Place {
  readonly kube: KubeClient;
  readonly namespace: string;
}

async function having(
  { kube, namespace }: Place,
  workloads: readonly ScaledWorkload[],
  is: (replicas: number) => boolean,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  const found = await Promise.all(
    workloads.map(async (workload) => {
      const { kind, name, uid } = workload;
      const now = await kube.find(workloadResources[kind], { namespace, name }, { signal });
      const { replicas = 1 } = (now?.spec ?? {}) as { readonly replicas?: number };
      return now?.metadata.uid === uid && is(replicas) ? [workload] : [];
    }),
  );
  return found.flat();
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
