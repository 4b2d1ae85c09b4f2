/** `kubectl devsync conflicts` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { IncompleteError } from '../../../src/errors.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import type { SyncState } from '../session/state.ts';
import { conflictsTable } from './output-tables.ts';
import { conflictHint } from './output-text.ts';
import { completeSync, SyncCommand } from './sync-command.ts';

export class ConflictsCommand extends SyncCommand {
  static override paths = [['conflicts']];
  static override usage = KubeCommand.Usage({
    description: 'List what both sides changed differently; both versions are kept until you resolve it.',
    examples: [['What is open', '$0 conflicts web']],
  });
  override output = outputOption('json', 'yaml', 'name', 'table');
  name = argument.required('NAME', { description: 'Name of the sync.', complete: completeSync });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const state = (await this.ask(context, this.name, 'state')) as SyncState;
    const { conflicts, conflictCount } = state;
    const unlisted = conflictCount - conflicts.length;
    return {
      data: conflicts,
      table: conflictsTable(state),
      names: conflicts.map(({ path }) => path),
      ...(conflicts.length > 0 && {
        error: new IncompleteError(formatPlural(conflictCount, 'conflict'), {
          details:
            unlisted > 0 ? [`${unlisted} of them are not listed; resolve --all settles those, too.`] : [],
          hint: conflictHint(
            conflicts,
            `${context.binaryName} resolve ${this.name} PATH --use local|container`,
          ),
        }),
      }),
    };
  }
}
