/** `list`, `status` and `cleanup`: what any workstation can see and do of the tasks in a cluster. */

import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { TaskView } from '../inventory.ts';
import { completeTask } from './completion.ts';

/** What these commands share: where they look for tasks. */
abstract class TaskCommand extends KubeCommand {
  protected async tasks(
    { kube, clock, signal }: KubeCommandContext,
    task?: string,
  ): Promise<{ client: KubeClient; views: TaskView[] }> {
    const [{ listTasks }, { storeOf }, client] = await Promise.all([
      import('../inventory.ts'),
      import('../copy-task.ts'),
      kube(),
    ]);
    const { namespace } = this;
    return {
      client,
      views: await listTasks(storeOf(client, { clock }), client, { namespace, task, signal }),
    };
  }

  protected async oneTask(
    context: KubeCommandContext,
    task: string,
  ): Promise<{ client: KubeClient; view: TaskView }> {
    const { client, views } = await this.tasks(context, task);
    const [view, ...others] = views;
    const where = this.namespace
      ? `namespace ${this.namespace} of ${client.cluster.context}`
      : client.cluster.context;
    if (others.length > 0) {
      const { lineOf } = await import('./task-view.ts');
      throw new UsageError(`${views.length} tasks in ${where} have the name ${JSON.stringify(task)}`, {
        details: views.map(lineOf),
        hint: '-n names the namespace of one, --context the cluster that holds its other side',
      });
    }
    if (view) return { client, view };
    throw new X8sError(`there is no task ${JSON.stringify(task)} in ${where}`, {
      hint: `--context names another cluster to look in; ${context.binaryName} list shows the tasks of one`,
    });
  }
}

export class ListCommand extends TaskCommand {
  static override paths = [['list'], ['ls']];
  static override usage = KubeCommand.Usage({
    description: 'List the copies that a cluster knows of, running and finished.',
    examples: [
      ['All tasks of the current cluster', '$0 list'],
      ['Those of one namespace of another', '$0 list --context prod-eu -n shop'],
    ],
  });
  override output = outputOption('json', 'yaml', 'wide', 'name', 'table');

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { views } = await this.tasks(context);
    const { documentOf, tableOf } = await import('./task-view.ts');
    const names = views.map(({ task }) => task);
    return { data: views.map(documentOf), table: tableOf(views, context.clock.now()), names };
  }
}

export class StatusCommand extends TaskCommand {
  static override paths = [['status']];
  static override usage = KubeCommand.Usage({
    description: 'Show one copy: how far it is, or how it ended.',
    examples: [['A task by its name', '$0 status move-db --context prod-us']],
  });
  name = argument.required('NAME', { description: 'Name of the task.', complete: completeTask });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { view } = await this.oneTask(context, this.name);
    const { describeTask, documentOf } = await import('./task-view.ts');
    return { data: documentOf(view), text: describeTask(view, context.clock.now()) };
  }
}

export class CleanupCommand extends TaskCommand {
  static override paths = [['cleanup']];
  static override usage = KubeCommand.Usage({
    description: 'Delete all that a task made in both clusters, its record included. Files are left alone.',
    details: `
      Works from any workstation whose kubeconfig has both clusters. Where one can't be reached, the other is
      still cleaned up, and the exit code is 4. A task that a live run holds is refused (exit 3).
    `,
    examples: [
      ['One task', '$0 cleanup move-db'],
      ['Every task of a namespace', '$0 cleanup --all -n shop'],
    ],
  });
  name = argument.optional('NAME', { description: 'Name of the task.', complete: completeTask });
  all = option.flag('--all', {
    description: 'Every task that the cluster knows of, or the namespace given by -n.',
  });
  waitLimit = option.duration('--timeout', {
    default: 120_000,
    description: 'How long to wait for a deletion; 0 for no limit.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    if (this.all === (this.name !== undefined)) throw new UsageError('give the NAME of a task, or --all');
    const { client, views } = await this.#chosen(context);
    const { cleanUp } = await import('../cleanup.ts');
    const cleanup = { ...context, connectTo: context.kubeByServer, timeoutMs: this.waitLimit };
    const cleaned: string[] = [];
    const failures: X8sError[] = [];
    await context.reporter.run(
      views.map((view) => ({
        title: `Clean up task ${view.task}`,
        run: async () => {
          try {
            await cleanUp(view, client, cleanup);
            cleaned.push(view.task);
          } catch (error) {
            // One task that can't be cleaned up keeps no other from it.
            if (!(error instanceof X8sError) || !this.all || context.signal.aborted) throw error;
            context.reporter.warn(`task ${view.task}: ${error.message}`);
            failures.push(error);
          }
        },
      })),
    );
    return {
      data: { cleaned, failed: failures.map(({ message }) => message) },
      text: sentence(cleaned),
      error: failures[0],
    };
  }

  async #chosen(context: KubeCommandContext): Promise<{ client: KubeClient; views: TaskView[] }> {
    if (this.name === undefined) return this.tasks(context);
    const { client, view } = await this.oneTask(context, this.name);
    return { client, views: [view] };
  }
}

function sentence(cleaned: readonly string[]): string {
  return cleaned.length === 0 ? 'Nothing was cleaned up.' : `Cleaned up: ${cleaned.join(', ')}`;
}
