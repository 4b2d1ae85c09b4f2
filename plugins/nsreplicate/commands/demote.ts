/** `demote`: makes an old primary the standby of the new one. */

import { isAgreed } from '../../../src/cli/agreed.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { contextNames } from '../../../src/cli/providers.ts';
import { RefusedError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { createStyle } from '../../../src/ui/style.ts';
import type { Opened } from './base/open-task.ts';
import { TaskCommand } from './base/task-command.ts';
import { planOutcome } from './output/plan-outcome.ts';

export class DemoteCommand extends TaskCommand {
  static override paths = [['demote']];
  static override usage = TaskCommand.Usage({
    description: 'Make an old primary the standby of the one that was promoted.',
    details: `
      Shows first what would change there, and what it has that the new primary lacks: that is left as it is. Then takes
      over the objects there, makes them equal, and holds its workloads. The rules are those of the task: give the
      same file or flags, with --primary for the new one.
    `,
    examples: [
      ['Look first', '$0 demote prod --primary standby --config dr.yaml --dry-run'],
      ['And do it', '$0 demote prod --primary standby --config dr.yaml'],
    ],
  });
  demoted = argument.required('CLUSTER', {
    description: 'The old primary, by its context.',
    complete: contextNames,
  });
  dryRun = option.flag('--dry-run', { description: 'Only show what would change.' });
  yes = option.flag('-y,--yes', { description: 'Do not ask.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const clients: KubeClient[] = [];
    try {
      // Held, taken over, and also what had come from there.
      Object.assign(this, { replica: [this.demoted], standby: true, adopt: true, failBack: true });
      const opened = await this.begin(context, { watches: false, hand: (client) => clients.push(client) });
      return await this.#demote(opened, context);
    } finally {
      await Promise.allSettled(clients.map((client) => client.close()));
    }
  }

  async #demote(opened: Opened, context: KubeCommandContext): Promise<Outcome> {
    const [{ requireIdentity }, { checkLeads, tellEpoch }, { extrasOf }, { runOnce }] = await Promise.all([
      import('../clusters/cluster.ts'),
      import('../failover/demote.ts'),
      import('../preview/extras.ts'),
      import('./replicate.ts'),
    ]);
    const { clock, signal, reporter } = context;
    const { spec, primary, replicas } = opened;
    for (const cluster of [primary, ...replicas]) requireIdentity(cluster, 'demote');
    const epoch = await checkLeads(primary, spec.name, { signal });
    const planned = await planOutcome(opened, context, {
      more: (surveyed) => [...extrasOf(surveyed)].flatMap(([name, extras]) => extraLines(name, extras)),
      // It is shown on stderr where somebody is asked.
      ...(this.dryRun ? {} : { style: createStyle(false) }),
    });
    if (this.dryRun) return planned;
    if (planned.error) throw planned.error;
    const question = `Make ${this.demoted} the standby of ${primary.name}?`;
    if (!(await isAgreed(context, { yes: this.yes, question, about: [planned.text ?? ''] })))
      return { text: 'Nothing was done.' };
    if (replicas.length !== 1) throw new RefusedError('One cluster is demoted at a time.');
    await tellEpoch(replicas, spec.name, epoch, { clock, signal });
    const outcome = await runOnce(opened, context);
    const go = `${context.binaryName} with the same rules, --primary ${primary.name} --replica ${this.demoted} --standby --adopt --fail-back`;
    reporter.info(`${this.demoted} is a standby of ${primary.name}. To keep it so: ${go}`);
    return outcome;
  }
}

const NAMED = 20;

/** What only the old primary has. It is kept, and nobody else has it. */
function extraLines(name: string, extras: readonly string[]): string[] {
  if (extras.length === 0) return [];
  const more = extras.length > NAMED ? [`  … and ${extras.length - NAMED} more`] : [];
  return [
    `${name}: ${extras.length} that the new primary lacks stay as they are:`,
    ...extras.slice(0, NAMED).map((extra) => `  ${extra}`),
    ...more,
  ];
}
