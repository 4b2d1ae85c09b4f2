/** `kubectl devsync resume` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import type { SyncState } from '../session/status/state.ts';
import { OneSyncCommand } from './base/one-sync-command.ts';

export class ResumeCommand extends OneSyncCommand {
  static override paths = [['resume']];
  static override usage = KubeCommand.Usage({
    description: 'Go on after a pause; with --confirm, also after a brake.',
    examples: [['Yes, they are to be deleted', '$0 resume web --confirm']],
  });
  confirm = option.flag('--confirm', { description: 'Let happen what the sync is held for.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    return this.rested(
      (await this.ask(context, this.name, 'resume', { confirm: this.confirm })) as SyncState,
    );
  }
}
