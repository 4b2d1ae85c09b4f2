/** `kubectl devsync clean` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { messageOf, RefusedError, UsageError } from '../../../src/errors.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import { AgentCommand, completeSync } from './base/sync-command.ts';

export class CleanCommand extends AgentCommand {
  static override paths = [['clean']];
  static override usage = KubeCommand.Usage({
    description: 'Remove all that devsync made and can be removed, and say what stays until the pod goes.',
    details: `
      Deletes the syncs named, their trash, and what else is kept of both directories. The synced files are left
      as they are. One that runs on this workstation is ended first; one that another workstation runs is
      refused (exit 3).
    `,
    examples: [['Everything of this workstation in the namespace', '$0 clean --all']],
  });
  names = argument.rest('NAME', { description: 'Names of syncs.', complete: completeSync });
  all = option.flag('--all', { description: 'Every sync of this workstation in the namespace.' });
  yes = option.flag('-y,--yes', { description: 'Do not ask; the trash is lost.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    if (this.all === this.names.length > 0) throw new UsageError('give NAMEs, or --all');
    const env = await this.environment(context);
    const { specs, namespace } = env;
    const mine = (await specs.list(namespace, context.signal)).filter((sync) => specs.belongsHere(sync));
    const chosen = this.all
      ? mine
      : await Promise.all(this.names.map((name) => specs.get(namespace, name, context.signal)));
    if (
      chosen.length > 0 &&
      !this.yes &&
      !(await context.confirm(`Remove ${formatPlural(chosen.length, 'sync')} and all trash?`))
    )
      return { text: 'Nothing was removed.' };
    const agent = await this.agent(context);
    const { cleanSync } = await import('../control/clean.ts');
    const lines: string[] = [];
    const refused: RefusedError[] = [];
    for (const sync of chosen)
      try {
        lines.push(...(await cleanSync({ ...context, ...env, ...agent, sync })));
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        refused.push(error);
      }
    const error = refused.length > 1 ? new RefusedError(refused.map(messageOf).join('; ')) : refused[0];
    const nothing = refused.length > 0 ? 'Nothing was removed.' : 'There was nothing to remove.';
    return { data: lines, text: lines.join('\n') || nothing, ...(error && { error }) };
  }
}
