/** `kubectl devsync watch stop` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import type { BrokenConfig } from '../config/config-file.ts';
import { SyncCommand, type SyncEnvironment } from './base/sync-command.ts';

export class StopCommand extends SyncCommand {
  static override paths = [['watch', 'stop'], ['stop']];
  static override usage = KubeCommand.Usage({
    description: 'Stop the watch of this cluster that runs on this workstation, and every `up`.',
    examples: [['Whatever runs here', '$0 watch stop']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { BrokenConfig } = await import('../config/config-file.ts');
    try {
      return await this.#stop(context, await this.environment(context));
    } catch (error) {
      if (!(error instanceof BrokenConfig)) throw error;
      return await this.#stopWithout(context, error);
    }
  }

  async #stop(context: KubeCommandContext, { workstation, kube }: SyncEnvironment): Promise<Outcome> {
    const { stopWatches } = await import('../control/stop-watches.ts');
    const stopped = await stopWatches(workstation, kube.cluster.server, context);
    return { text: stopped ? 'Stopped.' : `No watch of ${kube.cluster.context} was running.` };
  }

  /** What runs is ended also where the file cannot be read any more: in the clusters where it has syncs. */
  async #stopWithout(
    context: KubeCommandContext,
    { message, details, file }: BrokenConfig,
  ): Promise<Outcome> {
    if (this.choosesCluster) return await this.#stop(context, await this.environment(context, {}));
    const [{ stopWatches }, { Workstation, stateFolder }] = await Promise.all([
      import('../control/stop-watches.ts'),
      import('../spec/workstation.ts'),
    ]);
    context.reporter.warn([message, ...details].join(': '));
    const workstation = new Workstation(stateFolder(context.env, process.platform), process.platform);
    const made = workstation.registered().filter((one) => one.file === file);
    let stopped = false;
    for (const server of new Set(made.map((one) => one.server)))
      stopped = (await stopWatches(workstation, server, context)) || stopped;
    return { text: stopped ? 'Stopped.' : `Nothing of ${file} was running.` };
  }
}
