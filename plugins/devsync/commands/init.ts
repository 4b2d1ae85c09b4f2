/** `kubectl devsync init` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import type { Finding } from '../control/doctor.ts';
import { NodeAgentInstallCommand } from './base/node-agents-command.ts';
import type { SyncEnvironment } from './base/sync-command.ts';
import { notifyOption, runWatch, titleOption } from './live/run-watch.ts';
import { reportFindings } from './output/findings.ts';

export class InitCommand extends NodeAgentInstallCommand {
  static override paths = [['init']];
  static override usage = KubeCommand.Usage({
    description: 'Check the cluster and this workstation: access, permissions, the agent’s image.',
    details: `
      The image is tried in a pod that is deleted again; --no-wait leaves that out. With --watch, it goes on as
      \`$0 watch\` does, unless a check failed.

      With --node-agent, an agent is made on every node as well, in namespace x8s-devsync, and its users may work with the
      pods of this namespace; an administrator's rights are needed. \`$0 uninstall\` takes all of that away.
    `,
    examples: [
      ['Once for a namespace', '$0 init -n shop'],
      ['With an agent on every node', '$0 init --node-agent -n shop'],
      ['And run the syncs', '$0 init --watch -n shop'],
    ],
  });
  override output = outputOption('json', 'yaml', 'table');
  nodeAgent = option.flag('--node-agent', {
    description:
      'Make an agent on every node, for clusters that refuse ephemeral containers and pods that must not be touched.',
  });
  wait = option.flag('--wait', {
    description: 'Try the image in a pod; with --node-agent, wait until all agents are ready.',
    default: true,
  });
  watch = option.flag('-w,--watch', {
    description: 'Then run the syncs of the namespace that belong to this workstation, as `watch` does.',
  });
  title = titleOption();
  notify = notifyOption();

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const env = await this.environment(context);
    const found = reportFindings(await this.#look(context, env));
    if (!this.watch || found.error) return found;
    const agent = await this.agent(context);
    const { title: hasTitle, notify: notifies } = this;
    await runWatch(context, { ...env, agent, names: [], everywhere: false, hasTitle, notifies });
    return found;
  }

  async #look(context: KubeCommandContext, env: SyncEnvironment): Promise<Finding[]> {
    const { kube, namespace } = env;
    const { checkCluster, checkWorkstation } = await import('../control/doctor.ts');
    const findings = [...(await checkCluster(kube, namespace, context.signal)), ...checkWorkstation()];
    if (this.nodeAgent) findings.push(...(await this.#makeAgents(context, env)));
    else if (this.wait) {
      const { checkImage } = await import('../control/image-check.ts');
      const { image } = await this.agent(context);
      const onWait = (what: string) => context.reporter.info(what);
      findings.push(await checkImage({ ...context, kube, namespace, image, onWait }));
    }
    if (this.watch)
      for (const { check, verdict, message } of findings)
        context.reporter.info(`${check}: ${verdict}, ${message}`);
    return findings;
  }

  async #makeAgents(context: KubeCommandContext, { kube, namespace }: SyncEnvironment) {
    await this.install(context, kube, [namespace]);
    if (this.wait) await this.awaitAgents(context, kube);
    const { checkNodeAgents } = await import('../control/check-node-agents.ts');
    return await checkNodeAgents(kube, context.plugin.version, context.signal);
  }
}
