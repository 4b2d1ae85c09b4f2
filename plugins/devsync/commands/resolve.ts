/** `kubectl devsync resolve` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { IncompleteError, UsageError, X8sError } from '../../../src/errors.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import type { SyncState } from '../session/state.ts';
import { plainWords } from '../wire/check.ts';
import { OneSyncCommand } from './one-sync-command.ts';

export class ResolveCommand extends OneSyncCommand {
  static override paths = [['resolve']];
  static override usage = KubeCommand.Usage({
    description: 'Settle conflicts; the version that loses goes into the trash.',
    examples: [
      ['Mine is right', '$0 resolve web src/app.ts --use local'],
      ['Theirs, all of them', '$0 resolve web --all --use container'],
    ],
  });
  paths_ = argument.rest('PATH', { description: 'Paths as conflicts lists them.' });
  use = option.choice('--use', ['local', 'container'], { description: 'The version to keep.' });
  all = option.flag('--all', { description: 'All conflicts.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    if (this.use === undefined)
      throw new UsageError('say which version to keep: --use local or --use container');
    if (this.all === this.paths_.length > 0) throw new UsageError('give PATHs, or --all');
    if (this.all) return await this.#resolveAll(context);
    const resolved: string[] = [];
    for (const path of this.paths_.map((one) => (one === '.' ? '' : one))) {
      const found = await this.ask(context, this.name, 'resolve', { path, use: this.use });
      if (found !== true) throw new X8sError(`there is no conflict at ${path}`);
      resolved.push(path);
    }
    return { data: { resolved }, text: resolvedText(resolved) };
  }

  /** At once: there may be more of them than are listed. */
  async #resolveAll(context: KubeCommandContext): Promise<Outcome> {
    const { resolved, left } = (await this.ask(context, this.name, 'resolve-all', { use: this.use })) as {
      resolved: string[];
      left: SyncState['conflicts'];
    };
    const open = left.map(({ path, reason }) => plainWords(`${path || '.'}: ${reason}`));
    return {
      data: { resolved },
      text: resolvedText(resolved),
      ...(left.length > 0 && {
        error: new IncompleteError(`${formatPlural(left.length, 'conflict')} cannot be settled so`, {
          details: open.slice(0, shown),
        }),
      }),
    };
  }
}

/** Paths that are named; the rest of many is counted. */
const shown = 20;

function resolvedText(paths: readonly string[]): string {
  const names = paths.slice(0, shown).map((path) => plainWords(path) || '.');
  const more = paths.length > shown ? ` and ${paths.length - shown} more` : '';
  return `Resolved: ${names.join(', ') || 'nothing'}${more}.`;
}
