/** `failover status`: which cluster leads, and how promotions stand. */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { IncompleteError } from '../../../src/errors.ts';
import { defaultTask } from '../state/task-objects.ts';
import { ExistingTaskCommand, noSuchTask } from './base/existing-task-command.ts';

export class FailoverStatusCommand extends ExistingTaskCommand {
  static override paths = [['failover', 'status']];
  static override usage = KubeCommand.Usage({
    description: 'Show which cluster leads a task, how promotions stand, and how much is held where.',
    details: 'Exit code 5 where a cluster of the task does not answer, or answers with errors.',
    examples: [['Before and after a failover', '$0 failover status --name dr --primary prod']],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const [{ failoverStatus, isKnownOn }, { participants, silenceOf }, { unidentified }, shown] =
      await Promise.all([
        import('../failover/status.ts'),
        import('./base/participants.ts'),
        import('../clusters/cluster.ts'),
        import('./output/failover-status-text.ts'),
      ]);
    const { signal } = context;
    const task = this.name ?? defaultTask;
    const found = await participants(context, task, () => this.state(context), this.primary);
    const { state, members, clusters } = found;
    const unreachable = found.silent.map(silenceOf);
    // A cluster that was promoted and has not run the task itself yet has no status of it.
    const alone = state && clusters.length === 0 ? [unidentified(state.cluster.context, state)] : [];
    const status = await failoverStatus(task, [...clusters, ...alone], signal);
    if (state && !members && !(await isKnownOn(alone, status, signal)))
      throw noSuchTask(context, task, state);
    const error =
      unreachable.length === 0
        ? undefined
        : new IncompleteError('not all clusters of the task answer', { details: unreachable });
    const isWhole = !error && status.clusters.every(({ problem }) => problem === undefined);
    return {
      data: { ...status, unreachable },
      text: shown.failoverText(status, isWhole),
      table: shown.failoverTable(status),
      ...(error && { error }),
    };
  }
}
