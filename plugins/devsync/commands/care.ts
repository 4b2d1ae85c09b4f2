/** `init`, `doctor`, `clean`: checking, and leaving nothing behind. */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { messageOf, RefusedError, UsageError, X8sError } from '../../../src/errors.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import type { Finding } from '../control/doctor.ts';
import { AgentCommand, completeSync } from './sync-command.ts';
import { findingsTable } from './words.ts';

function verdict(findings: readonly Finding[]): Outcome {
  const failed = findings.filter((one) => one.verdict === 'failed');
  return {
    data: findings,
    table: findingsTable(findings),
    ...(failed.length > 0 && { error: new X8sError(`${failed.length} of ${findings.length} checks failed`) }),
  };
}

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
    const { kube, namespace } = await this.desk(context);
    const { checkCluster, checkWorkstation } = await import('../control/doctor.ts');
    const findings = [...(await checkCluster(kube, namespace, context.signal)), ...checkWorkstation()];
    if (this.wait) {
      const { checkImage } = await import('../control/image-check.ts');
      const { image } = await this.agent(context);
      findings.push(await checkImage({ ...context, kube, namespace, image }));
    }
    return verdict(findings);
  }
}

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
  name = argument.optional('NAME', { complete: completeSync });
  pod = option.text('--pod', { value: 'NAME', description: 'Pod to look at.' });
  selector = option.text('-l,--selector', { value: 'LABELS', description: 'Pods to look at.' });
  container = option.text('-c,--container', {
    value: 'NAME',
    description: 'Container in it. Default: as for create.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { kube, namespace, catalog, workstation } = await this.desk(context);
    const { checkCluster, checkSync, checkTarget, checkWorkstation } = await import('../control/doctor.ts');
    const findings = [...(await checkCluster(kube, namespace, context.signal)), ...checkWorkstation()];
    const { pod, selector, container, name } = this;
    const sync = name ? await catalog.get(namespace, name, context.signal) : undefined;
    if (sync) findings.push(checkSync(sync, workstation));
    const target = sync?.spec.target ?? { pod, selector, container };
    if (target.pod === undefined && target.selector === undefined) return verdict(findings);
    const agent = await this.agent(context);
    const onDetail = (text: string) => context.reporter.debug(text);
    const how = { ...context, ...agent, onDetail };
    findings.push(...(await checkTarget(kube, namespace, target, how, sync?.spec)));
    return verdict(findings);
  }
}

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
  names = argument.rest('NAME', { complete: completeSync });
  all = option.flag('--all', { description: 'Every sync of this workstation in the namespace.' });
  yes = option.flag('-y,--yes', { description: 'Do not ask; the trash is lost.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    if (this.all === this.names.length > 0) throw new UsageError('give NAMEs, or --all');
    const desk = await this.desk(context);
    const { catalog, namespace } = desk;
    const mine = (await catalog.list(namespace, context.signal)).filter((sync) => catalog.belongsHere(sync));
    const chosen = this.all
      ? mine
      : await Promise.all(this.names.map((name) => catalog.get(namespace, name, context.signal)));
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
        lines.push(...(await cleanSync({ ...context, ...desk, ...agent, sync })));
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        refused.push(error);
      }
    const error = refused.length > 1 ? new RefusedError(refused.map(messageOf).join('; ')) : refused[0];
    const nothing = refused.length > 0 ? 'Nothing was removed.' : 'There was nothing to remove.';
    return { data: lines, text: lines.join('\n') || nothing, ...(error && { error }) };
  }
}
