/** `resume`: lets a paused task go on. */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { defaultTask } from '../state/task-objects.ts';
import { ExistingTaskCommand } from './base/existing-task-command.ts';

export class ResumeCommand extends ExistingTaskCommand {
  static override paths = [['resume']];
  static override usage = KubeCommand.Usage({
    description: 'Let a paused task go on.',
    examples: [['Go on', '$0 resume --name dr']],
  });

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.ask(context, { paused: false }, `Task ${this.name ?? defaultTask} goes on.`);
  }
}
