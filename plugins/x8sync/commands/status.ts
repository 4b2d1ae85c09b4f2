/** `kubectl x8sync status NAME` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { completeTask } from './completion.ts';
import { TaskCommand } from './task-command.ts';

export class StatusCommand extends TaskCommand {
  static override paths = [['status']];
  static override usage = KubeCommand.Usage({
    description: 'Show one copy: how far it is, or how it ended.',
    examples: [['A task by its name', '$0 status move-db --context prod-us']],
  });
  name = argument.required('NAME', { description: 'Name of the task.', complete: completeTask });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { entry } = await this.oneTask(context, this.name);
    const { describeTask, documentOf } = await import('./task-output.ts');
    return { data: documentOf(entry), text: describeTask(entry, context.clock.now()) };
  }
}
