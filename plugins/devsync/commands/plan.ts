/** `kubectl devsync plan` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { IncompleteError } from '../../../src/errors.ts';
import { SpecCommand } from './base/spec-options.ts';
import { openText, planText } from './output/output-text.ts';

export class PlanCommand extends SpecCommand {
  static override paths = [['plan']];
  static override usage = KubeCommand.Usage({
    description: 'Show what a first sync would do, and why, without doing it.',
    details: `
      Exit code 5 where conflicts or problems would remain.
      Makes nothing and changes nothing in either directory, also while a sync of them runs. Where the container
      has no Node.js of its own, its pod gets the ephemeral container that the sync would use.
    `,
    examples: [['What would happen', '$0 plan -l app=web ./src /app/src']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const env = await this.environment(context);
    const spec = await this.spec(context, env.workstation);
    const agent = await this.agent(context);
    const { previewSync } = await import('../session/preview/preview.ts');
    const { kube, namespace, workstation } = env;
    const stateFolder = workstation.folder;
    const plan = await previewSync({ ...context, ...agent, kube, namespace, spec, stateFolder });
    const open = openText(plan);
    return {
      data: plan,
      text: planText(plan),
      ...(open !== '' && { error: new IncompleteError(open) }),
    };
  }
}
