/** `kubectl devsync resolve` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { IncompleteError, UsageError, X8sError } from '../../../src/errors.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import type { Ask, Settled } from '../control/settling.ts';
import type { SyncState } from '../session/status/state.ts';
import { plainWords } from '../wire/plain-words.ts';
import { OneSyncCommand } from './base/one-sync-command.ts';

export class ResolveCommand extends OneSyncCommand {
  static override paths = [['resolve']];
  static override usage = KubeCommand.Usage({
    description: 'Settle conflicts; what is replaced goes into the trash.',
    details: `
      merge is for text: it needs what both sides last agreed on, which is known of files that were saved while the sync
      ran and of what git has committed; without that, each difference counts as changed by both. What both have changed
      stands between markers then, in the file here alone, and the conflict stays open (exit code 5).
    `,
    examples: [
      ['Mine is right', '$0 resolve web src/app.ts --use local'],
      ['What both have changed, line by line', '$0 resolve web src/app.ts --use merge'],
      ['Theirs, all of them', '$0 resolve web --all --use container'],
    ],
  });
  paths_ = argument.rest('PATH', { description: 'Paths as conflicts lists them.' });
  use = option.choice('--use', ['local', 'container', 'both', 'merge'], {
    description:
      'The version to keep. both: the one that is here, with that of the container beside it as NAME.container.EXT. merge: what both have changed, line by line.',
  });
  all = option.flag('--all', { description: 'All conflicts.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    if (this.use === undefined)
      throw new UsageError('say which version to keep: --use local, container, both or merge');
    if (this.all === this.paths_.length > 0) throw new UsageError('give PATHs, or --all');
    const { use } = this;
    if (use === 'both' || use === 'merge') return await this.#settleEach(context, use);
    if (this.all) return await this.#resolveAll(context);
    const resolved: string[] = [];
    for (const path of this.paths_.map(asRelative)) {
      const found = await this.ask(context, this.name, 'resolve', { path, use });
      if (found !== true) throw new X8sError(`there is no conflict at ${path}`);
      resolved.push(path);
    }
    return { data: { resolved }, text: resolvedText(resolved) };
  }

  async #settleEach(context: KubeCommandContext, use: 'both' | 'merge'): Promise<Outcome> {
    const { settle } = await import('../control/settling.ts');
    const ask: Ask = (method, parameters = {}) => this.ask(context, this.name, method, parameters);
    // Says who runs it where nothing answers.
    const { conflicts } = (await ask('state')) as SyncState;
    const paths = this.all ? conflicts.map(({ path }) => path) : this.paths_.map(asRelative);
    const settled: Settled[] = [];
    for (const path of paths) {
      context.signal.throwIfAborted();
      settled.push(await settle(path, use, ask));
    }
    const open = settled.filter(({ isOpen }) => isOpen);
    return {
      data: settled,
      text:
        settled.map(({ path, message }) => plainWords(`${path || '.'}: ${message}`)).join('\n') ||
        'No conflicts.',
      ...(open.length > 0 && {
        error: new IncompleteError(`${formatPlural(open.length, 'conflict')} not settled`, {
          hint: `Edit what stands between the markers, here; then: ${context.binaryName} resolve ${this.name} PATH --use local`,
        }),
      }),
    };
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

/** The directory that is synced is `.` for people. */
const asRelative = (path: string) => (path === '.' ? '' : path);

/** Paths that are named; the rest of many is counted. */
const shown = 20;

function resolvedText(paths: readonly string[]): string {
  const names = paths.slice(0, shown).map((path) => plainWords(path) || '.');
  const more = paths.length > shown ? ` and ${paths.length - shown} more` : '';
  return `Resolved: ${names.join(', ') || 'nothing'}${more}.`;
}
