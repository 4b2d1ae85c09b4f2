/** `kubectl devsync flush` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import type { SyncState } from '../session/status/state.ts';
import { OneSyncCommand } from './base/one-sync-command.ts';

export class FlushCommand extends OneSyncCommand {
  static override paths = [['flush']];
  static override usage = KubeCommand.Usage({
    description: 'Look at everything on both sides and wait until nothing is left to do.',
    details: `
      Exit code 5 where conflicts or problems remain, 3 where it is held. While git holds its index.lock in LOCAL, it
      waits, for 30 s at most; then nothing was moved, and the exit code is 5.
    `,
    examples: [['Before a build in the container', '$0 flush web']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    return this.done((await this.ask(context, this.name, 'flush')) as SyncState);
  }
}
