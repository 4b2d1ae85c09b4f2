/** The clusters of a task that has run, as far as they answer. */
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { messageOf, RefusedError, UnreachableError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { TaskStatus } from '../state/state.ts';

export interface Participants {
  /** What keeps the task's state; undefined: it does not answer. */
  readonly state: KubeClient | undefined;
  readonly status: TaskStatus | undefined;
  /** All but the named replica that answer. */
  readonly others: readonly Cluster[];
  /** A line for each cluster that does not answer. */
  readonly unreachable: string[];
  /** The primary does not answer, or it is not known who it is. */
  readonly isPrimaryLost: boolean;
}

/**
 * Finds the clusters of a task by its status.
 * @throws {RefusedError} the named cluster is none of the task's
 */
export async function participants(
  context: KubeCommandContext,
  { task, replica }: { readonly task: string; readonly replica: Cluster },
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
  const found = await ifReachable("the task's state", async () => {
    const state = await openState();
    return { state, status: await readStatus(state, task, { signal }) };
  });
  if (!found) return { state: undefined, status: undefined, others: [], unreachable, isPrimaryLost: true };
  const { state, status } = found;
  if (!status) throw unknownTask(task, state);
  const { server } = replica.kube.cluster;
  const named = [status.primary, ...status.replicas];
  if (!named.some((one) => one.server === server))
    throw new RefusedError(`${replica.name} is no cluster of task ${task}.`, {
      hint: `It has ${named.map(({ name }) => name).join(', ')}.`,
    });
  const reached = await Promise.all(
    named
      .filter((one) => one.server !== server)
      .map(({ name, server }) =>
        ifReachable(name, async () => identify(name, await context.kubeByServer(server), { signal })),
      ),
  );
  const others = reached.filter((cluster) => cluster !== undefined);
  const isPrimary = ({ kube }: Cluster) => kube.cluster.server === status.primary.server;
  const isPrimaryLost = status.primary.server !== server && !others.some(isPrimary);
  return { state, status, others, unreachable, isPrimaryLost };
}

const unknownTask = (task: string, { cluster }: KubeClient): RefusedError =>
  new RefusedError(`There is no task ${JSON.stringify(task)} in ${cluster.context}.`, {
    hint: '--name and --primary choose another one.',
  });
