/** `kubectl devsync down` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import type { Sync } from '../spec/spec-store.ts';
import { ConfigCommand, type OpenConfig } from './base/config-command.ts';

export class DownCommand extends ConfigCommand {
  static override paths = [['down']];
  static override usage = KubeCommand.Usage({
    description: 'End the syncs that .devsync.yaml names, and remove them from the cluster.',
    details: `
      The files of both sides are left as they are, and so is the trash, unless --clean takes it. What was agreed on is
      forgotten: the next \`$0 up\` begins as a first sync does. To pause, end \`$0 up\` with Ctrl-C instead.
    `,
    examples: [
      ['All of the project', '$0 down'],
      ['With the trash, and what else is kept', '$0 down --clean'],
    ],
  });
  clean = option.flag('--clean', { description: 'Remove the trash of both sides, too, as `clean` does.' });
  yes = option.flag('-y,--yes', { description: 'With --clean: do not ask; the trash is lost.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const open = await this.openConfig(context);
    const syncs = await this.#chosen(context, open);
    const question = `Remove ${formatPlural(syncs.length, 'sync')} and all trash?`;
    if (this.clean && !this.yes && syncs.length > 0 && !(await context.confirm(question)))
      return { text: 'Nothing was removed.' };
    const { endUp, endSync } = await import('../control/up.ts');
    if (this.names.length === 0) await endUp({ ...open, signal: context.signal });
    const lines: string[] = [];
    for (const sync of syncs)
      if (this.clean) lines.push(...(await this.#clean(context, open, sync)));
      else {
        await endSync(sync.uid, { ...open, signal: context.signal });
        await open.specs.delete(sync, context.signal);
        lines.push(`${sync.name}: removed; the files are left as they are`);
      }
    return { data: lines, text: lines.join('\n') || 'There was nothing to remove.' };
  }

  /** Those of the file, and those that it has named once, as far as they belong to this directory. */
  async #chosen(context: KubeCommandContext, open: OpenConfig): Promise<Sync[]> {
    const { madeFrom } = await import('../control/up.ts');
    const { specs, namespace, config } = open;
    const made = new Set(madeFrom(open).map(({ uid }) => uid));
    const paths = new Set(config.syncs.map(({ name, spec }) => `${name} ${spec.local.path}`));
    return (await specs.list(namespace, context.signal)).filter(
      (sync) =>
        specs.belongsHere(sync) &&
        (made.has(sync.uid) || paths.has(`${sync.name} ${sync.spec.local.path}`)) &&
        (this.names.length === 0 || this.names.includes(sync.name)),
    );
  }

  async #clean(context: KubeCommandContext, open: OpenConfig, sync: Sync): Promise<string[]> {
    const { cleanSync } = await import('../control/clean.ts');
    return await cleanSync({ ...context, ...open, ...(await this.agent(context)), sync });
  }
}
