/** `kubectl x8sync list` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { TaskCommand } from './task-command.ts';

export class ListCommand extends TaskCommand {
  static override paths = [['list'], ['ls']];
  static override usage = KubeCommand.Usage({
    description: 'List the copies that a cluster knows of, running and finished.',
    examples: [
      ['All tasks of the current cluster', '$0 list'],
      ['Those of one namespace of another', '$0 list --context prod-eu -n shop'],
    ],
  });
  override output = outputOption('json', 'yaml', 'wide', 'name', 'table');

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { entries } = await this.tasks(context);
    const { documentOf, tableOf } = await import('./task-output.ts');
    const names = entries.map(({ task }) => task);
    return { data: entries.map(documentOf), table: tableOf(entries, context.clock.now()), names };
  }
}
