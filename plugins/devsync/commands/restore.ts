/** `kubectl devsync restore` */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { X8sError } from '../../../src/errors.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import type { Selection, TrashAccess } from '../control/trash-access.ts';
import type { Sync } from '../spec/spec-store.ts';
import { OneSyncCommand } from './base/one-sync-command.ts';
import { notRunning, type SyncEnvironment } from './base/sync-command.ts';
import { trashTable } from './output/output-tables.ts';

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
    const { selectTrash: meantBy } = await import('../control/trash-access.ts');
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
    { workstation, sync, specs }: SyncEnvironment & { readonly sync: Sync },
  ): Promise<TrashAccess> {
    const [{ openTrash }, { NotRunning }] = await Promise.all([
      import('../control/trash-access.ts'),
      import('../control/socket.ts'),
    ]);
    try {
      return await openTrash(sync, workstation, {
        isHere: specs.belongsHere(sync),
        signal: context.signal,
      });
    } catch (error) {
      if (!(error instanceof NotRunning)) throw error;
      throw notRunning(sync, context);
    }
  }
}

function restoredText(path: string, { items, present }: Selection): string {
  const [item, more] = items;
  if (item !== undefined && more === undefined && item.path === path)
    return `Restored ${item.path} as it was before ${item.operation}, from the ${item.side} side.`;
  const left = present === 0 ? '' : `; ${formatPlural(present, 'file')} that are there were left`;
  return `Restored ${formatPlural(items.length, 'file')} of ${path}${left}.`;
}
