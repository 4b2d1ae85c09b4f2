/** What the commands share that work on tasks: where they look for them. */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { UsageError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { TaskEntry } from '../records/inventory.ts';
import type { TaskContext } from '../records/task-sides.ts';

export abstract class TaskCommand extends KubeCommand {
  /** What work on tasks is handed; no wait has a limit where none is given. */
  protected taskContext(context: KubeCommandContext, timeoutMs = 0): TaskContext {
    return { ...context, connectTo: context.kubeByServer, timeoutMs };
  }

  protected async tasks(
    { kube, clock, signal }: KubeCommandContext,
    task?: string,
  ): Promise<{ client: KubeClient; entries: TaskEntry[] }> {
    const [{ listTasks }, { storeOf }, client] = await Promise.all([
      import('../records/inventory.ts'),
      import('../run/request/task-store.ts'),
      kube(),
    ]);
    const { namespace } = this;
    return {
      client,
      entries: await listTasks(storeOf(client, { clock }), client, { namespace, task, signal }),
    };
  }

  protected async oneTask(
    context: KubeCommandContext,
    task: string,
  ): Promise<{ client: KubeClient; entry: TaskEntry }> {
    const { client, entries } = await this.tasks(context, task);
    const [entry, ...others] = entries;
    const where = this.namespace
      ? `namespace ${this.namespace} of ${client.cluster.context}`
      : client.cluster.context;
    if (others.length > 0) {
      const { lineOf } = await import('./task-output.ts');
      throw new UsageError(`${entries.length} tasks in ${where} have the name ${JSON.stringify(task)}`, {
        details: entries.map(lineOf),
        hint: '-n names the namespace of one, --context the cluster that holds its other side',
      });
    }
    if (entry) return { client, entry };
    throw new X8sError(`there is no task ${JSON.stringify(task)} in ${where}`, {
      hint: `--context names another cluster to look in; ${context.binaryName} list shows the tasks of one`,
    });
  }
}
