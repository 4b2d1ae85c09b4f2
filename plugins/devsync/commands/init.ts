/** `kubectl devsync init` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { reportFindings } from './findings.ts';
import { AgentCommand } from './sync-command.ts';

export class InitCommand extends AgentCommand {
  static override paths = [['init']];
  static override usage = KubeCommand.Usage({
    description: 'Check the cluster and this workstation: access, permissions, the agent’s image.',
    details: 'The image is tried in a pod that is deleted again; --no-wait leaves that out.',
    examples: [['Once for a namespace', '$0 init -n shop']],
  });
  override output = outputOption('json', 'yaml', 'table');
  wait = option.flag('--wait', { description: 'Try the image in a pod.', default: true });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { kube, namespace } = await this.environment(context);
    const { checkCluster, checkWorkstation } = await import('../control/doctor.ts');
    const findings = [...(await checkCluster(kube, namespace, context.signal)), ...checkWorkstation()];
    if (this.wait) {
      const { checkImage } = await import('../control/image-check.ts');
      const { image } = await this.agent(context);
      findings.push(await checkImage({ ...context, kube, namespace, image }));
    }
    return reportFindings(findings);
  }
}
