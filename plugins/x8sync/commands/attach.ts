/** `kubectl x8sync attach NAME` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { completeTask } from './completion.ts';
import { incompleteness } from './copy-outcome.ts';
import { timeoutOption } from './options/pair-options.ts';
import { TaskCommand } from './task-command.ts';

export class AttachCommand extends TaskCommand {
  static override paths = [['attach']];
  static override usage = KubeCommand.Usage({
    description: 'Show the progress of a copy that runs, until it ends.',
    details: `
      Works from any workstation whose kubeconfig has the target's cluster; the context of either one finds it. A copy
      that nobody waits for any more, since it was detached or its command was killed, is cleaned up at its end. Ctrl-C
      ends the watching only. The exit code is the copy's own. Where the source's cluster can't be reached, its side is
      left, and the exit code is 4; where the target's can't, what the source's knows is told.
    `,
    examples: [['See how far it is', '$0 attach move-db --context prod-us']],
  });
  name = argument.required('NAME', { description: 'Name of the task.', complete: completeTask });
  waitLimit = timeoutOption();

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { client, entry } = await this.oneTask(context, this.name);
    const [{ attach }, { clustersOf }, { summaryOf }, { differenceError }, { describeTask, documentOf }] =
      await Promise.all([
        import('../records/attach.ts'),
        import('../records/clusters.ts'),
        import('../run/results/report.ts'),
        import('../run/results/verification.ts'),
        import('./task-output.ts'),
      ]);
    const how = this.taskContext(context, this.waitLimit);
    const attached = await attach(entry, client, how);
    if ('ended' in attached) {
      const { ended, error } = attached;
      const { errorOf } = await import('../records/watch.ts');
      const clusters = await clustersOf(ended.entry, client, how);
      const text = describeTask({ ...ended, clusters }, context.clock.now());
      return { data: documentOf(ended), text, error: error ?? errorOf(ended) };
    }
    const { result, unclean } = attached;
    const again = 'run the command of the copy again';
    return {
      data: { ...result, warnings: context.reporter.warnings },
      text: summaryOf(result),
      error: incompleteness(result, false, again) ?? differenceError(result, again) ?? unclean,
    };
  }
}
