/** `kubectl x8sync list` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { TaskCommand } from './task-command.ts';

export class ListCommand extends TaskCommand {
  static override paths = [['list'], ['ls']];
  static override usage = KubeCommand.Usage({
    description: 'List the copies that a cluster knows of, running and finished.',
    details: `
      Of a copy that has not ended by its record, the mover is looked at, also in the other cluster where the kubeconfig
      has it. Where it can't be seen, the phase is Unknown, with the reason.
    `,
    examples: [
      ['All tasks of the current cluster', '$0 list'],
      ['Those of one namespace of another', '$0 list --context prod-eu -n shop'],
    ],
  });
  override output = outputOption('json', 'yaml', 'wide', 'name', 'table');

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { client, entries } = await this.tasks(context);
    const [{ lookAtAll }, { documentOf, tableOf }] = await Promise.all([
      import('../records/look.ts'),
      import('./task-output.ts'),
    ]);
    const tasks = await lookAtAll(entries, client, this.taskContext(context));
    const names = entries.map(({ task }) => task);
    return { data: tasks.map(documentOf), table: tableOf(tasks, context.clock.now()), names };
  }
}
