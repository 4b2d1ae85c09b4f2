/** `kubectl devsync list` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { table } from '../../../src/cli/table.ts';
import { completeSync, SyncCommand } from './base/sync-command.ts';

export class ListCommand extends SyncCommand {
  static override paths = [['list'], ['ls']];
  static override usage = KubeCommand.Usage({
    description: 'List the files that a sync has on this side, and what keeps others from it.',
    examples: [['What is synced', '$0 list web']],
  });
  override output = outputOption('json', 'yaml', 'name', 'table');
  name = argument.required('NAME', { description: 'Name of the sync.', complete: completeSync });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { workstation, sync } = await this.sync(context, this.name);
    const { requireHere } = await import('../control/serve-sync.ts');
    requireHere(sync, workstation);
    const { listFiles } = await import('../session/preview/list-files.ts');
    const metadataCandidates = workstation.metadataCandidatesFor(sync.spec.local.path);
    const files = await listFiles(sync.spec, { stateFolder: workstation.folder, metadataCandidates });
    const columns = [
      { header: 'KIND', value: ({ kind }: (typeof files)[number]) => kind },
      {
        header: 'SIZE',
        value: ({ size }: (typeof files)[number]) => (size === undefined ? '' : String(size)),
      },
      { header: 'PATH', value: ({ path }: (typeof files)[number]) => path, isPath: true },
      { header: 'REMARK', value: ({ remark }: (typeof files)[number]) => remark ?? '' },
    ];
    return {
      data: files,
      table: table(files, columns, 'Nothing is synced.'),
      names: files.map(({ path }) => path),
    };
  }
}
