/** `kubectl devsync uninstall` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';

export class UninstallCommand extends KubeCommand {
  static override paths = [['uninstall']];
  static override usage = KubeCommand.Usage({
    description: 'Take the agents of all nodes away, with all that `init --node-agent` made.',
    details: `
      Deletes namespace x8s-devsync, and the accounts and rights of the agents and their users in every namespace. Syncs
      and files stay; those that --launcher auto lets choose go on by another way where there is one.
    `,
    examples: [['Without a question', '$0 uninstall --yes']],
  });
  yes = option.flag('-y,--yes', { description: 'Do not ask.' });
  waitLimit = option.duration('--wait-limit', {
    description: 'How long it may take until all is gone.',
    default: 120_000,
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { uninstallAgents } = await import('../node-agent/install.ts');
    const { signal, clock, reporter } = context;
    const kube = await context.kube();
    const question = `Remove the agents of all nodes from ${kube.cluster.context}?`;
    if (!this.yes && !(await context.confirm(question))) return { text: 'Nothing was removed.' };
    const did: string[] = [];
    await uninstallAgents(kube, {
      signal,
      clock,
      timeoutMs: this.waitLimit,
      did: (what) => {
        did.push(what);
        reporter.info(what);
      },
    });
    const none = `There are no agents in ${kube.cluster.context}.`;
    return { data: { did }, text: did.length === 0 ? none : 'The agents of all nodes are removed.' };
  }
}
