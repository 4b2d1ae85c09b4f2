/** `kubectl devsync doctor` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { AgentCommand, completeSync } from './base/sync-command.ts';
import { reportFindings } from './output/findings.ts';

export class DoctorCommand extends AgentCommand {
  static override paths = [['doctor']];
  static override usage = KubeCommand.Usage({
    description: 'Find out why a sync does not work: really starts an agent, and explains each refusal.',
    examples: [
      ['For a sync', '$0 doctor web'],
      ['For a pod', '$0 doctor --pod web-0'],
    ],
  });
  override output = outputOption('json', 'yaml', 'table');
  name = argument.optional('NAME', { description: 'Name of the sync.', complete: completeSync });
  pod = option.text('--pod', { value: 'NAME', description: 'Pod to look at.' });
  selector = option.text('-l,--selector', { value: 'LABELS', description: 'Pods to look at.' });
  container = option.text('-c,--container', {
    value: 'NAME',
    description: 'Container in it. Default: as for create.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { kube, namespace, specs, workstation } = await this.environment(context);
    const [{ checkCluster, checkSync, checkTarget, checkWorkstation }, { checkNodeAgents }] =
      await Promise.all([import('../control/doctor.ts'), import('../control/check-node-agents.ts')]);
    const findings = [
      ...(await checkCluster(kube, namespace, context.signal)),
      ...checkWorkstation(),
      ...(await checkNodeAgents(kube, context.plugin.version, context.signal)),
    ];
    const { pod, selector, container, name } = this;
    const sync = name ? await specs.get(namespace, name, context.signal) : undefined;
    if (sync) findings.push(checkSync(sync, workstation));
    const target = sync?.spec.target ?? { pod, selector, container };
    if (target.pod === undefined && target.selector === undefined) return reportFindings(findings);
    const agent = await this.agent(context);
    const onDetail = (text: string) => context.reporter.debug(text);
    const how = { ...context, ...agent, onDetail };
    findings.push(...(await checkTarget(kube, namespace, target, how, sync?.spec)));
    return reportFindings(findings);
  }
}
