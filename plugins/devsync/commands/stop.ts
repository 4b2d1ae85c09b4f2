/** `kubectl devsync watch stop` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { SyncCommand } from './sync-command.ts';

export class StopCommand extends SyncCommand {
  static override paths = [['watch', 'stop'], ['stop']];
  static override usage = KubeCommand.Usage({
    description: 'Stop the watch of this cluster that runs on this workstation, and every `up`.',
    examples: [['Whatever runs here', '$0 watch stop']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { workstation, kube } = await this.environment(context);
    const { stopWatches } = await import('../control/stop-watches.ts');
    const stopped = await stopWatches(workstation, kube.cluster.server, context);
    return { text: stopped ? 'Stopped.' : `No watch of ${kube.cluster.context} was running.` };
  }
}
