/** `kubectl devsync upgrade` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { X8sError } from '../../../src/errors.ts';
import { NodeAgentInstallCommand } from './base/node-agents-command.ts';

export class UpgradeCommand extends NodeAgentInstallCommand {
  static override paths = [['upgrade']];
  static override usage = KubeCommand.Usage({
    description: 'Bring the agents of all nodes to the version of this plugin.',
    details: `
      Nodes are done a few at a time. A sync whose agent is replaced goes on by the new one.
    `,
    examples: [['To this version', '$0 upgrade']],
  });
  wait = option.flag('--wait', { description: 'Wait until all agents are ready.', default: true });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const [{ installedAgents }, kube] = await Promise.all([
      import('../node-agent/install.ts'),
      context.kube(),
    ]);
    const { plugin, signal, binaryName } = context;
    const before = await installedAgents(kube, { signal });
    if (before === undefined)
      throw new X8sError(`no agents are installed in ${kube.cluster.context}`, {
        hint: `${binaryName} init --node-agent makes them.`,
      });
    await this.install(context, kube, []);
    const nodes = this.wait ? await this.awaitAgents(context, kube) : undefined;
    const change =
      before.version === plugin.version
        ? `${plugin.version}, as before`
        : `${plugin.version}; it was ${before.version}`;
    const text = `The agents have version ${change}.${nodes === undefined ? '' : ` They are ready on ${nodes} nodes.`}`;
    return { data: { before, version: plugin.version, nodes }, text };
  }
}
