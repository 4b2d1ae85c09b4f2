/** `approve`: lets deletions go on that were stopped. */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { defaultTask } from '../state/task-objects.ts';
import { ExistingTaskCommand } from './existing-task-command.ts';

export class ApproveCommand extends ExistingTaskCommand {
  static override paths = [['approve']];
  static override usage = KubeCommand.Usage({
    description: 'Let deletions go on that were stopped, and accept the primary as it is now.',
    details: `
      Deletions stop by themselves where there are too many at once, where the primary was restored from an
      older state, and where it is another cluster than before. Look at it first: status says which it was.
    `,
    examples: [['They were meant', '$0 approve --name dr']],
  });

  override run(context: KubeCommandContext): Promise<Outcome> {
    const approval = context.clock.now().toISOString();
    return this.ask(context, { approval }, `Task ${this.name ?? defaultTask}: deletions go on.`);
  }
}
