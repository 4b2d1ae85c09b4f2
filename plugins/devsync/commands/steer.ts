/** `flush`, `pause`, `resume`, `resolve`, `reset`, `restore`, `delete`: commands that tell a sync what to do. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { IncompleteError, RefusedError, UsageError, X8sError } from '../../../src/errors.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import type { Meant, TrashAccess } from '../control/trash-access.ts';
import type { SyncState } from '../session/state.ts';
import type { Sync } from '../spec/catalog.ts';
import { plainWords } from '../wire/check.ts';
import { completeSync, type Desk, notRunning, SyncCommand } from './sync-command.ts';
import { openLines, openText, restText, trashTable } from './words.ts';

const staleLock = 'Try again when git is done; a lock that no git has any more may be deleted.';

/** A command about one sync. */
abstract class OneSyncCommand extends SyncCommand {
  name = argument.required('NAME', { complete: completeSync });

  /** How a sync rests after it was told to carry everything over: `waiting`, where git did not let it. */
  protected done(state: SyncState): Outcome {
    if (state.phase !== 'waiting') return this.rested(state);
    const words = `the sync ${this.name} waits: ${state.message}`;
    return { data: state, error: new IncompleteError(words, { hint: staleLock }) };
  }

  /** How a sync rests after it was told something. */
  protected rested(state: SyncState): Outcome {
    const { phase, message } = state;
    const open = openText(state);
    if (phase === 'held')
      return {
        data: state,
        error: new RefusedError(`held: ${message}`, { hint: 'resume --confirm goes on.' }),
      };
    if (phase === 'paused')
      return {
        data: state,
        error: new RefusedError(`the sync ${this.name} is paused`, { hint: 'resume goes on.' }),
      };
    return {
      data: state,
      text: restText(state),
      ...(open !== '' && { error: new IncompleteError(open, { details: openLines(state) }) }),
    };
  }
}

export class FlushCommand extends OneSyncCommand {
  static override paths = [['flush']];
  static override usage = KubeCommand.Usage({
    description: 'Look at everything on both sides and wait until nothing is left to do.',
    details: `
      Exit code 5 where conflicts or problems remain, 3 where it is held. While git holds its index.lock in LOCAL, it
      waits, for 30 s at most; then nothing was moved, and the exit code is 5.
    `,
    examples: [['Before a build in the container', '$0 flush web']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    return this.done((await this.ask(context, this.name, 'flush')) as SyncState);
  }
}

export class PauseCommand extends OneSyncCommand {
  static override paths = [['pause']];
  static override usage = KubeCommand.Usage({
    description: 'Change nothing on either side until it is resumed.',
    examples: [['Quiet', '$0 pause web']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    await this.ask(context, this.name, 'pause');
    return { text: 'Paused.' };
  }
}

export class ResumeCommand extends OneSyncCommand {
  static override paths = [['resume']];
  static override usage = KubeCommand.Usage({
    description: 'Go on after a pause; with --confirm, also after a brake.',
    examples: [['Yes, they are to be deleted', '$0 resume web --confirm']],
  });
  confirm = option.flag('--confirm', { description: 'Let happen what the sync is held for.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    return this.rested(
      (await this.ask(context, this.name, 'resume', { confirm: this.confirm })) as SyncState,
    );
  }
}

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

export class ResetCommand extends OneSyncCommand {
  static override paths = [['reset']];
  static override usage = KubeCommand.Usage({
    description: 'Forget what both sides agreed on, and begin as a first sync does.',
    details: `
      In two-way-safe nothing is deleted or overwritten: every difference becomes a conflict. In two-way-resolved
      and one-way-replica the side that wins overwrites the other one, and one-way-replica deletes there what only
      that one has; all of it goes into the trash first.
    `,
    examples: [['Begin anew', '$0 reset web']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    return this.done((await this.ask(context, this.name, 'reset')) as SyncState);
  }
}

export class RestoreCommand extends OneSyncCommand {
  static override paths = [['restore']];
  static override usage = KubeCommand.Usage({
    description:
      'List the trash, or bring a file back from it; what is there now goes into the trash itself.',
    details: `
      Of a directory, the files that are not there any more come back, each in its newest version; with --operation,
      all that this operation took. While the sync does not run, this workstation's trash alone.
    `,
    examples: [
      ['What is in it', '$0 restore web'],
      ['The newest version of a file', '$0 restore web src/app.ts'],
      ['A directory that was deleted', '$0 restore web src'],
    ],
  });
  override output = outputOption('json', 'yaml', 'table');
  file = argument.optional('PATH', { description: 'File or directory to bring back.' });
  operation = option.text('--operation', {
    value: 'NAME',
    description: 'Which version; the newest where absent.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const found = await this.sync(context, this.name);
    const local = found.sync.spec.local.path;
    const trash = await this.#open(context, found);
    const items = await trash.list();
    if (trash.isPartial)
      context.reporter.info(
        `the sync ${this.name} does not run: the container's trash is shown once \`watch ${this.name}\` does`,
      );
    if (this.file === undefined) return { data: items, table: trashTable(items) };
    const { meantBy } = await import('../control/trash-access.ts');
    const path = this.file.replace(/\/+$/, '').replace(/^\.$/, '');
    const meant = meantBy(items, path, this.operation, (one) => existsSync(join(local, one)));
    if (meant.items.length + meant.present === 0) throw new X8sError(`there is no ${this.file} in the trash`);
    const name = context.clock.now().toISOString().slice(0, 19).replaceAll(':', '-');
    for (const item of meant.items) await trash.restore(item, name);
    const [item] = meant.items;
    const data = item?.path === path ? item : meant.items;
    return { data, text: restoredText(this.file, meant) };
  }

  async #open(
    context: KubeCommandContext,
    { workstation, sync, catalog }: Desk & { readonly sync: Sync },
  ): Promise<TrashAccess> {
    const [{ openTrash }, { NotRunning }] = await Promise.all([
      import('../control/trash-access.ts'),
      import('../control/socket.ts'),
    ]);
    try {
      return await openTrash(sync, workstation, {
        isHere: catalog.belongsHere(sync),
        signal: context.signal,
      });
    } catch (error) {
      if (!(error instanceof NotRunning)) throw error;
      throw notRunning(sync, context);
    }
  }
}

function restoredText(path: string, { items, present }: Meant): string {
  const [item, more] = items;
  if (item !== undefined && more === undefined && item.path === path)
    return `Restored ${item.path} as it was before ${item.operation}, from the ${item.side} side.`;
  const left = present === 0 ? '' : `; ${formatPlural(present, 'file')} that are there were left`;
  return `Restored ${formatPlural(items.length, 'file')} of ${path}${left}.`;
}

export class DeleteCommand extends OneSyncCommand {
  static override paths = [['delete']];
  static override usage = KubeCommand.Usage({
    description: 'Delete a sync. The files of both sides are left as they are.',
    examples: [['No more', '$0 delete web']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { catalog, workstation, namespace } = await this.desk(context);
    // Also one that makes no sense to this version.
    const record = await catalog.record(namespace, this.name, context.signal);
    const { askControl } = await import('../control/socket.ts');
    const { signal } = context;
    await askControl(workstation.socketOf(record.uid), 'stop', {}, { signal }).catch(() =>
      signal.throwIfAborted(),
    );
    await catalog.delete({ record }, context.signal);
    return { text: `Sync ${this.name} deleted; the files are left as they are.` };
  }
}
