/** `kubectl devsync node-agent` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/errors.ts';

export class NodeAgentCommand extends KubeCommand {
  static override paths = [['node-agent']];
  static override usage = KubeCommand.Usage({
    description:
      'Serve sessions in the containers of a node: what the pods that `init --node-agent` makes run.',
    details: `
      It listens on the loopback of its pod, where a port-forward leads, and needs the rights that docs/devsync.md lists.
      The environment's NODE_NAME says which node it is on.
    `,
    examples: [['As the DaemonSet runs it', '$0 node-agent --health-port 8471']],
  });
  healthPort = option.integer('--health-port', {
    value: 'PORT',
    description: 'Answer /readyz there, for a kubelet.',
    min: 1,
    max: 65_535,
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const node = context.env.NODE_NAME;
    if (!node) throw new UsageError('NODE_NAME is not set: an agent serves the node that it is on');
    const [{ serveNode }, { serveReadiness }, { agentBundle }] = await Promise.all([
      import('../node-agent/server.ts'),
      import('../node-agent/health.ts'),
      import('../agent/bundle.ts'),
    ]);
    const { signal, reporter } = context;
    const [kube, bundle] = await Promise.all([context.kube(), agentBundle()]);
    const onReady = async () => {
      if (this.healthPort !== undefined) await serveReadiness(this.healthPort, signal);
    };
    await serveNode({ kube, node, bundle, signal, onReady, onLog: (line) => reporter.info(line) });
    signal.throwIfAborted();
    return { text: 'Stopped.' };
  }
}
