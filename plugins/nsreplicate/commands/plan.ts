/** `plan` (`diff`): what would change. Nothing is written. */
import { outputOption } from '../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { planOutcome } from './plan-outcome.ts';
import { SurveyCommand } from './survey-command.ts';
import { TaskCommand } from './task-command.ts';

export class PlanCommand extends SurveyCommand {
  static override paths = [['plan'], ['diff']];
  static override usage = TaskCommand.Usage({
    description: 'Show what would change on each replica, and change nothing.',
    details: `
      What differs by digest is dry-run on the replica and shown field by field; values of Secrets are masked.
      Exit code 0 where nothing would change, 5 where something would, or could not be compared.
    `,
    examples: [['Before the first run', '$0 plan --primary prod --replica standby --sync-namespaces shop']],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.looking(context, (opened) => planOutcome(opened, context));
  }
}
