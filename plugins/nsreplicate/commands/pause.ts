/** `pause`: holds a task until `resume`. */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { defaultTask } from '../state/task-objects.ts';
import { ExistingTaskCommand } from './base/existing-task-command.ts';

export class PauseCommand extends ExistingTaskCommand {
  static override paths = [['pause']];
  static override usage = KubeCommand.Usage({
    description: 'Let a task hold: nothing is written any more, also after a restart, until `resume`.',
    examples: [['Before working on a replica', '$0 pause --name dr']],
  });

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.ask(context, { paused: true }, `Task ${this.name ?? defaultTask} is paused.`);
  }
}
