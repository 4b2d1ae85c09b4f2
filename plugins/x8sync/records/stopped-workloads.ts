/** What a cutover has stopped and nobody has started since, and how a person starts it by hand. */
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { deployments, type Resource, statefulSets } from '../../../src/kube/api/resources.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { type CutoverState, type ScaledWorkload, scaleCommand } from './cutover-state.ts';
import { specOf } from './inventory.ts';

const resources: Readonly<Record<ScaledWorkload['kind'], Resource<KubeObject>>> = {
  Deployment: deployments as Resource<KubeObject>,
  StatefulSet: statefulSets as Resource<KubeObject>,
};

/** Those of the source's workloads that have no pods still; one that was deleted, or made anew, has none to get back. */
export async function standingStill(
  kube: KubeClient,
  namespace: string,
  { source }: CutoverState,
  signal: AbortSignal,
): Promise<ScaledWorkload[]> {
  const found = await Promise.all(
    source.map(async (workload) => {
      const { kind, name, uid } = workload;
      const now = await kube.find(resources[kind], { namespace, name }, { signal });
      const { replicas } = (now?.spec ?? {}) as { readonly replicas?: number };
      return now?.metadata.uid === uid && replicas === 0 ? [workload] : [];
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
