/** `plan` (`diff`): what would change. Nothing is written. */
import { outputOption } from '../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { findObject, objectArgument, objectNameArgument } from './base/object-argument.ts';
import { SurveyCommand } from './base/survey-command.ts';
import { TaskCommand } from './base/task-command.ts';
import { objectPlanOutcome, planOutcome } from './output/plan-outcome.ts';

export class PlanCommand extends SurveyCommand {
  static override paths = [['plan'], ['diff']];
  static override usage = TaskCommand.Usage({
    description: 'Show what would change on each replica, and change nothing.',
    details: `
      What differs by digest is dry-run on the replica and shown as YAML, as \`kubectl diff\` does; values of Secrets
      are masked, and long ones are cut: -o wide shows them whole.
      Exit code 0 where nothing would change, 5 where something would, or could not be compared.
    `,
    examples: [
      ['Before the first run', '$0 plan --primary prod --replica standby --sync-namespaces shop'],
      ['One object, with long values whole', '$0 plan --config standby.yaml ConfigMap shop/settings -o wide'],
    ],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');
  object = objectArgument();
  objectName = objectNameArgument();

  protected override get takesNamespace(): boolean {
    return this.object !== undefined;
  }

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.looking(context, async (opened) => {
      const found = await findObject(this, opened.primary.kube, context.signal);
      return found ? objectPlanOutcome(opened, context, found.place) : planOutcome(opened, context);
    });
  }
}
