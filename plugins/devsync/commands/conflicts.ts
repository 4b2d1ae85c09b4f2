/** `kubectl devsync conflicts` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { IncompleteError } from '../../../src/errors.ts';
import { byNumber } from '../../../src/plain-text.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import type { Ask } from '../control/settling.ts';
import type { ConflictState, SyncState } from '../session/status/state.ts';
import { plainWords } from '../wire/plain-words.ts';
import { completeSync, SyncCommand } from './base/sync-command.ts';
import { conflictsTable } from './output/output-tables.ts';
import { conflictHint } from './output/output-text.ts';

export class ConflictsCommand extends SyncCommand {
  static override paths = [['conflicts']];
  static override usage = KubeCommand.Usage({
    description: 'List what both sides changed differently; both versions are kept until you resolve it.',
    details: `
      --diff shows what differs in text files, from the one here (-) to that of the container (+).
    `,
    examples: [
      ['What is open', '$0 conflicts web'],
      ['How the versions of a file differ', '$0 conflicts web src/app.ts --diff'],
    ],
  });
  override output = outputOption('json', 'yaml', 'name', 'table');
  name = argument.required('NAME', { description: 'Name of the sync.', complete: completeSync });
  files = argument.rest('PATH', { description: 'Only these; all where none is named.' });
  diff = option.flag('--diff', { description: 'Show how the two versions of each text file differ.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const state = (await this.ask(context, this.name, 'state')) as SyncState;
    const { conflicts: all, conflictCount } = state;
    const wanted = new Set(this.files.map((path) => (path === '.' ? '' : path)));
    const conflicts = wanted.size === 0 ? all : all.filter(({ path }) => wanted.has(path));
    const unlisted = conflictCount - all.length;
    const diffs = this.diff ? await this.#diffs(context, conflicts) : undefined;
    return {
      data: diffs ?? conflicts,
      ...(diffs ? { text: diffsText(diffs) } : { table: conflictsTable({ ...state, conflicts }) }),
      names: conflicts.map(({ path }) => path),
      ...(conflicts.length > 0 && {
        error: new IncompleteError(
          formatPlural(wanted.size > 0 ? conflicts.length : conflictCount, 'conflict'),
          {
            details:
              unlisted > 0 ? [`${unlisted} of them are not listed; resolve --all settles those, too.`] : [],
            hint: conflictHint(
              conflicts,
              `${context.binaryName} resolve ${this.name} PATH --use local|container|both|merge`,
            ),
          },
        ),
      }),
    };
  }

  async #diffs(context: KubeCommandContext, conflicts: readonly ConflictState[]): Promise<ConflictDiff[]> {
    const { diffOf } = await import('../control/settling.ts');
    const ask: Ask = (method, parameters = {}) => this.ask(context, this.name, method, parameters);
    const diffs: ConflictDiff[] = [];
    for (const conflict of conflicts) {
      context.signal.throwIfAborted();
      diffs.push({ ...conflict, ...(await diffOf(conflict.path, ask)) });
    }
    return diffs;
  }
}

type ConflictDiff = ConflictState & ({ readonly diff: string } | { readonly problem: string });

/** As `diff -u` shows them. What a terminal would obey is left out of names; colours of a text are not the suite's own. */
function diffsText(diffs: readonly ConflictDiff[]): string {
  return diffs
    .map((one) => {
      const path = plainWords(one.path || '.');
      if ('problem' in one) return `${path}: ${plainWords(one.problem)}\n`;
      return `--- local/${path}\n+++ container/${path}\n${one.diff.replaceAll('\u001b', byNumber)}`;
    })
    .join('\n');
}
