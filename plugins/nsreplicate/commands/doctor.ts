/** `doctor`: what clusters lack, refuse or do not allow, before the first copy. Nothing is written. */
import { outputOption } from '../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { table } from '../../../src/cli/table.ts';
import { ForbiddenError, IncompleteError, type X8sError } from '../../../src/errors.ts';
import type { Finding } from '../preflight/finding.ts';
import type { Opened } from './base/open-task.ts';
import { look, SurveyCommand } from './base/survey-command.ts';
import { TaskCommand } from './base/task-command.ts';

export class DoctorCommand extends SurveyCommand {
  static override paths = [['doctor']];
  static override usage = TaskCommand.Usage({
    description: 'Look before the first copy: what replicas lack, refuse, or do not allow.',
    details: `
      Rights, verb by verb; kinds and their versions; storage, ingress, priority and runtime classes, and what else
      workloads name; quotas that all new objects together would exceed; and what webhooks and policies make of a dry
      run of one object of each kind.
      Exit code 0 where nothing is in the way, 4 where a right is missing or a cluster does not answer, else 5.
    `,
    examples: [['Before the first run', '$0 doctor --config standby.yaml']],
  });
  override output = outputOption('json', 'yaml', 'table');

  override run(context: KubeCommandContext): Promise<Outcome> {
    const show = async (opened: Opened): Promise<Outcome> => {
      const { examine } = await import('../preflight/doctor.ts');
      const findings = await examine({
        ...opened,
        look: () => look(opened, context, 'where-allowed'),
        signal: context.signal,
      });
      return {
        data: { task: opened.spec.name, findings },
        table: findingsTable(findings),
        error: errorOf(findings),
      };
    };
    // That the state may not be read is one of the findings.
    return this.looking(context, show, 'where-allowed');
  }
}

const findingsTable = (findings: readonly Finding[]) =>
  table(
    findings,
    [
      { header: 'CLUSTER', value: ({ cluster }) => cluster },
      { header: 'CHECK', value: ({ check }) => check },
      { header: 'VERDICT', value: ({ verdict }) => verdict },
      { header: 'FOUND', value: ({ message }) => message },
    ],
    'Nothing was checked.',
  );

/** What is in the way; undefined where nothing is. */
function errorOf(findings: readonly Finding[]): X8sError | undefined {
  const denied = findings.filter(({ verdict }) => verdict === 'denied').length;
  const failed = findings.filter(({ verdict }) => verdict === 'failed').length;
  const said = `${denied + failed} of ${findings.length} checks found something in the way`;
  if (denied > 0)
    return new ForbiddenError(said, {
      hint: 'The least rights that are needed: `rbac`, with the same rules.',
    });
  return failed > 0 ? new IncompleteError(said) : undefined;
}
