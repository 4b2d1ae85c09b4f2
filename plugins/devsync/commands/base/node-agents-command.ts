/** What `init --node-agent`, `upgrade` and `uninstall` share. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { AgentCommand } from './sync-command.ts';

/** Commands that make the agents on every node. */
export abstract class NodeAgentInstallCommand extends AgentCommand {
  waitLimit = option.duration('--wait-limit', {
    description: 'How long the agents of all nodes may take to be ready.',
    default: 120_000,
  });

  /** Applies all objects of the agents; says what becomes of each. */
  protected async install(
    context: KubeCommandContext,
    kube: KubeClient,
    places: readonly string[],
  ): Promise<void> {
    const { installAgents } = await import('../../node-agent/install.ts');
    const { reporter, plugin, signal } = context;
    const { image } = await this.agent(context);
    const did = (what: string) => reporter.info(what);
    await installAgents(kube, { image, version: plugin.version }, places, { signal, did });
  }

  /** Resolves when an agent of this version is ready on every node. */
  protected async awaitAgents(
    { reporter, signal, clock }: KubeCommandContext,
    kube: KubeClient,
  ): Promise<number> {
    const { agentsReady } = await import('../../node-agent/install.ts');
    const onWait = (what: string) => reporter.info(what);
    return await agentsReady(kube, this.waitLimit, { signal, clock, onWait });
  }
}
