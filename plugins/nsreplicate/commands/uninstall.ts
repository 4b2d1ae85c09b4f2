/** `uninstall`: takes a controller out of the cluster. */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';

export class UninstallCommand extends KubeCommand {
  static override paths = [['uninstall']];
  static override usage = KubeCommand.Usage({
    description: 'Remove an installed controller. Copies, KRMSyncers and what tasks remember stay.',
    details: `
      The namespace x8s-nsreplicate stays, with the tasks' state. With --delete-definition the definition of KRMSyncers
      goes too, and with it every KRMSyncer of the cluster; copies stay also then.
    `,
    examples: [['The controller alone', '$0 uninstall']],
  });
  deleteDefinition = option.flag('--delete-definition', {
    description: 'Also the definition of KRMSyncers, and with it all of them.',
  });
  yes = option.flag('-y,--yes', { description: 'Do not ask.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { countSyncers, uninstall } = await import('../controller/installation/install.ts');
    const { signal, clock, reporter } = context;
    const kube = await context.kube();
    const count = await countSyncers(kube, { signal });
    const along = this.deleteDefinition && count > 0 ? ` and ALL ${count} KRMSyncers` : '';
    const question = `Remove the controller${along} from ${kube.cluster.context}?`;
    if (!this.yes && !(await context.confirm(question))) return { text: 'Nothing was removed.' };
    const did: string[] = [];
    await uninstall(kube, {
      definition: this.deleteDefinition,
      signal,
      clock,
      warn: (text) => reporter.warn(text),
      did: (what) => {
        did.push(what);
        reporter.info(what);
      },
    });
    if (did.length === 0)
      return { data: { did }, text: `There is no controller in ${kube.cluster.context}.` };
    const left = this.deleteDefinition ? '' : ` ${count} KRMSyncers are left, and carried out by nobody.`;
    return { data: { did }, text: `The controller is removed.${left}` };
  }
}
