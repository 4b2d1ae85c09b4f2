/** `kubectl devsync reset` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import type { SyncState } from '../session/status/state.ts';
import { OneSyncCommand } from './base/one-sync-command.ts';

export class ResetCommand extends OneSyncCommand {
  static override paths = [['reset']];
  static override usage = KubeCommand.Usage({
    description: 'Forget what both sides agreed on, and begin as a first sync does.',
    details: `
      In two-way-safe nothing is deleted or overwritten: every difference becomes a conflict. In two-way-resolved
      and one-way-replica the side that wins overwrites the other one, and one-way-replica deletes there what only
      that one has; all of it goes into the trash first.
    `,
    examples: [['Begin anew', '$0 reset web']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    return this.done((await this.ask(context, this.name, 'reset')) as SyncState);
  }
}
