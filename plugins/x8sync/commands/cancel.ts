/** `kubectl x8sync cancel NAME` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { completeTask } from './completion.ts';
import { timeoutOption } from './options/pair-options.ts';
import { TaskCommand } from './task-command.ts';

export class CancelCommand extends TaskCommand {
  static override paths = [['cancel']];
  static override usage = KubeCommand.Usage({
    description: 'End a copy that runs, from any workstation. What is copied so far stays.',
    details: `
      Its mover is ended and awaited, whoever began it; a command that waits for it ends, and says who cancelled it. The
      record stays, so that the same command goes on from there; cleanup removes that too. A copy that has ended well is
      refused, also where nobody has taken its result.
    `,
    examples: [['End it', '$0 cancel move-db --context prod-us']],
  });
  name = argument.required('NAME', { description: 'Name of the task.', complete: completeTask });
  waitLimit = timeoutOption();

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { client, entry } = await this.oneTask(context, this.name);
    const { cancel } = await import('../records/cancel.ts');
    const how = this.taskContext(context, this.waitLimit);
    await context.reporter.run([
      { title: `Cancel task ${entry.task}`, run: () => cancel(entry, client, how) },
    ]);
    return {
      data: { cancelled: entry.task },
      text: `Cancelled: ${entry.task}. Run the same command again to go on with it; cleanup removes its record.`,
    };
  }
}
