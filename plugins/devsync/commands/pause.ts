/** `kubectl devsync pause` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { OneSyncCommand } from './base/one-sync-command.ts';

export class PauseCommand extends OneSyncCommand {
  static override paths = [['pause']];
  static override usage = KubeCommand.Usage({
    description: 'Change nothing on either side until it is resumed.',
    examples: [['Quiet', '$0 pause web']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    await this.ask(context, this.name, 'pause');
    return { text: 'Paused.' };
  }
}
