/** `kubectl x8sync status NAME` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import { isDocument, type Outcome } from '../../../src/cli/output.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { TaskEntry } from '../records/inventory.ts';
import { completeTask } from './completion.ts';
import { TaskCommand } from './task-command.ts';

export class StatusCommand extends TaskCommand {
  static override paths = [['status']];
  static override usage = KubeCommand.Usage({
    description: 'Show one copy: how far it is, or how it ended.',
    details: `
      Where its record does not tell, its mover is looked at, in whichever cluster it is. A copy that can't be seen is
      Unknown, with the reason. An end that no command has read is kept in the record, where that may be written; what
      the copy made stays, until attach, cleanup or the same command takes it away.

      --watch shows it until it has ended, and then ends with the copy's own exit code; with -o json each change is a
      line. It changes nothing in the clusters.
    `,
    examples: [
      ['A task by its name', '$0 status move-db --context prod-us'],
      ['Until it has ended', '$0 status move-db --watch'],
    ],
  });
  name = argument.required('NAME', { description: 'Name of the task.', complete: completeTask });
  watch = option.flag('-w,--watch', {
    description: "Go on until the copy has ended; the exit code is the copy's own.",
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { client, entry } = await this.oneTask(context, this.name);
    if (this.watch) return this.#watched(entry, client, context);
    const [{ lookAt }, { describeTask, documentOf }] = await Promise.all([
      import('../records/look.ts'),
      import('./task-output.ts'),
    ]);
    const task = await lookAt(entry, client, this.taskContext(context), { withProgress: true });
    return { data: documentOf(task), text: describeTask(task, context.clock.now()) };
  }

  async #watched(entry: TaskEntry, client: KubeClient, context: KubeCommandContext): Promise<Outcome> {
    const [{ errorOf, watchTask }, { describeTask, documentOf, watchedLine }] = await Promise.all([
      import('../records/watch.ts'),
      import('./task-output.ts'),
    ]);
    const how = this.taskContext(context);
    if (isDocument(context.output)) {
      const last = await watchTask(entry, client, how, (task) => context.event(documentOf(task), ''));
      return { error: errorOf(last) };
    }
    let text = '';
    let error: Outcome['error'];
    await context.reporter.run([
      {
        title: `Watch task ${entry.task}`,
        run: async (handle) => {
          const last = await watchTask(entry, client, how, async (task) => handle.detail(watchedLine(task)));
          handle.title(`Task ${entry.task} is over: ${last.standing.phase}`);
          text = describeTask(last, context.clock.now());
          error = errorOf(last);
        },
      },
    ]);
    return { text, error };
  }
}
