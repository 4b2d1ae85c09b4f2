/** The clusters of a task that has run, as far as they answer. */
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { messageOf, UnreachableError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { TaskStatus } from '../state/state.ts';

export interface Participants {
  /** What keeps the task's state; undefined: it does not answer. */
  readonly state: KubeClient | undefined;
  /** Undefined: the state does not answer, or no task of that name has run there. */
  readonly status: TaskStatus | undefined;
  /** The primary and the replicas that answer. */
  readonly clusters: readonly Cluster[];
  /** A line for each cluster that does not answer. */
  readonly unreachable: string[];
}

/** Finds the clusters of a task by its status. */
export async function participants(
  context: KubeCommandContext,
  task: string,
  openState: () => Promise<KubeClient>,
): Promise<Participants> {
  const [{ readStatus }, { identify }] = await Promise.all([
    import('../state/state.ts'),
    import('../clusters/cluster.ts'),
  ]);
  const { signal } = context;
  const unreachable: string[] = [];
  const ifReachable = async <T>(name: string, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      unreachable.push(`${name}: ${messageOf(error)}`);
      return undefined;
    }
  };
  const found = await ifReachable("what keeps the task's state", async () => {
    const state = await openState();
    return { state, status: await readStatus(state, task, { signal }) };
  });
  const { state, status } = found ?? { state: undefined, status: undefined };
  const named = status ? [status.primary, ...status.replicas] : [];
  const reached = await Promise.all(
    named.map(({ name, server }) =>
      ifReachable(name, async () => identify(name, await context.kubeByServer(server), { signal })),
    ),
  );
  return { state, status, clusters: reached.filter((cluster) => cluster !== undefined), unreachable };
}
