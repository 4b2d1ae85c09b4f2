/** `kubectl devsync delete` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { OneSyncCommand } from './base/one-sync-command.ts';

export class DeleteCommand extends OneSyncCommand {
  static override paths = [['delete']];
  static override usage = KubeCommand.Usage({
    description: 'Delete a sync. The files of both sides are left as they are.',
    examples: [['No more', '$0 delete web']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { specs, workstation, namespace } = await this.environment(context);
    // Also one that makes no sense to this version.
    const record = await specs.record(namespace, this.name, context.signal);
    const { askControl } = await import('../control/socket.ts');
    const { signal } = context;
    await askControl(workstation.socketOf(record.uid), 'stop', {}, { signal }).catch(() =>
      signal.throwIfAborted(),
    );
    await specs.delete({ record }, context.signal);
    return { text: `Sync ${this.name} deleted; the files are left as they are.` };
  }
}
