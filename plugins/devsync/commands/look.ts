/** `get`, `list`, `conflicts`, `logs`: commands that only look. */
import { readFileSync } from 'node:fs';
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { table } from '../../../src/cli/table.ts';
import { IncompleteError, X8sError } from '../../../src/errors.ts';
import { parseHolder } from '../../../src/tasks/holder.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import type { SyncState } from '../session/state.ts';
import type { RunnerState } from '../session/sync-runner.ts';
import type { Sync } from '../spec/catalog.ts';
import { completeSync, type Desk, SyncCommand } from './sync-command.ts';
import { conflictHint, conflictsTable, type Seen, seenDocument, seenTable } from './words.ts';

export class GetCommand extends SyncCommand {
  static override paths = [['get']];
  static override usage = KubeCommand.Usage({
    description: 'Show the syncs of the cluster and what each is doing.',
    examples: [
      ['Those of the namespace', '$0 get'],
      ['Everything about one', '$0 get web -o json'],
    ],
  });
  override output = outputOption('json', 'yaml', 'wide', 'name', 'table');
  name = argument.optional('NAME', { description: 'Only this one.', complete: completeSync });
  allNamespaces = option.flag('-A,--all-namespaces', { description: 'Of all namespaces.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const desk = await this.desk(context);
    const { syncs, unreadable } = this.name
      ? { syncs: [await desk.catalog.get(desk.namespace, this.name, context.signal)], unreadable: [] }
      : await desk.catalog.survey(this.allNamespaces ? undefined : desk.namespace, context.signal);
    const seen = [
      ...(await Promise.all(syncs.map((sync) => look(desk, sync, context.signal)))),
      ...unreadable,
    ];
    for (const { name, why } of unreadable) context.reporter.warn(`${name} cannot be read: ${why}`);
    const documents = seen.map(seenDocument);
    return {
      data: this.name ? documents[0] : documents,
      table: seenTable(seen, context.clock.now(), this.allNamespaces),
      names: [...syncs, ...unreadable].map(({ name }) => name),
    };
  }
}

/** A sync, asked what it is doing where it runs on this workstation. */
async function look({ workstation, catalog }: Desk, sync: Sync, signal: AbortSignal): Promise<Seen> {
  const isHere = catalog.belongsHere(sync);
  if (!isHere) return { sync, isHere, state: undefined };
  const { askControl, NotAnswering } = await import('../control/socket.ts');
  let silent: string | undefined;
  const asked = askControl(workstation.socketOf(sync.uid), 'state', {}, { signal }).catch((error) => {
    signal.throwIfAborted();
    if (error instanceof NotAnswering) silent = silenceWords(sync, error);
    return undefined;
  });
  const state = (await asked) as RunnerState | undefined;
  if (state || silent) return { sync, isHere, state, silent };
  const { refusalOf } = await import('../control/serve-sync.ts');
  return { sync, isHere, state, refusal: refusalOf(sync, workstation)?.message };
}

/** What may be done about a process that holds a sync and does not answer. */
function silenceWords({ record }: Sync, { message, hint }: X8sError): string {
  const { pid } = parseHolder(record.holder ?? '');
  const wake = Number.isNaN(pid) ? [] : [`kill -CONT ${pid} wakes a process that was stopped`];
  return [message, hint, ...wake].join(' ');
}

export class ListCommand extends SyncCommand {
  static override paths = [['list'], ['ls']];
  static override usage = KubeCommand.Usage({
    description: 'List the files that a sync has on this side, and what keeps others from it.',
    examples: [['What is synced', '$0 list web']],
  });
  override output = outputOption('json', 'yaml', 'name', 'table');
  name = argument.required('NAME', { complete: completeSync });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { workstation, sync } = await this.sync(context, this.name);
    const { requireHere } = await import('../control/serve-sync.ts');
    requireHere(sync, workstation);
    const { listFiles } = await import('../session/list-files.ts');
    const places = workstation.placesFor(sync.spec.local.path);
    const files = await listFiles(sync.spec, { stateFolder: workstation.folder, places });
    const columns = [
      { header: 'KIND', value: ({ kind }: (typeof files)[number]) => kind },
      {
        header: 'SIZE',
        value: ({ size }: (typeof files)[number]) => (size === undefined ? '' : String(size)),
      },
      { header: 'PATH', value: ({ path }: (typeof files)[number]) => path },
      { header: 'REMARK', value: ({ remark }: (typeof files)[number]) => remark ?? '' },
    ];
    return {
      data: files,
      table: table(files, columns, 'Nothing is synced.'),
      names: files.map(({ path }) => path),
    };
  }
}

export class ConflictsCommand extends SyncCommand {
  static override paths = [['conflicts']];
  static override usage = KubeCommand.Usage({
    description: 'List what both sides changed differently; both versions are kept until you resolve it.',
    examples: [['What is open', '$0 conflicts web']],
  });
  override output = outputOption('json', 'yaml', 'name', 'table');
  name = argument.required('NAME', { complete: completeSync });

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

export class LogsCommand extends SyncCommand {
  static override paths = [['logs']];
  static override usage = KubeCommand.Usage({
    description: 'Show what a sync did on this workstation.',
    examples: [['The last lines', '$0 logs web --tail 20']],
  });
  name = argument.required('NAME', { complete: completeSync });
  tail = option.integer('--tail', { description: 'Only so many lines from the end.', min: 1 });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { workstation, sync } = await this.sync(context, this.name);
    const { logFile } = await import('../control/serve-sync.ts');
    try {
      const lines = readFileSync(logFile(workstation, sync.uid), 'utf8').trimEnd().split('\n');
      const wanted = this.tail === undefined ? lines : lines.slice(-this.tail);
      return { data: wanted, text: wanted.join('\n') };
    } catch (cause) {
      throw new X8sError(`the sync ${this.name} has not run on this workstation yet`, { cause });
    }
  }
}
