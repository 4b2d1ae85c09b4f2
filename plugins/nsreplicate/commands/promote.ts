/** `promote`: makes a replica the primary. */

import { isAgreed } from '../../../src/cli/agreed.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { contextNames } from '../../../src/cli/providers.ts';
import { IncompleteError, RefusedError, UnreachableError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { PromotionOptions } from '../failover/plan.ts';
import type { Epoch } from '../state/epoch.ts';
import type { Unfenced } from '../state/promotion.ts';
import { defaultTask } from '../state/task-objects.ts';
import { ExistingTaskCommand } from './base/existing-task-command.ts';
import {
  isMember,
  type Participants,
  participants,
  type Silent,
  silenceOf,
  standingOf,
} from './base/participants.ts';
import type { SeenBefore } from './output/failover-text.ts';

export class PromoteCommand extends ExistingTaskCommand {
  static override paths = [['promote']];
  static override usage = KubeCommand.Usage({
    description: 'Make a replica the primary: fence the task, then let the held workloads run there.',
    details: `
      Raises the task's epoch on every cluster that answers, so that no run of the old primary writes any more, and
      waits until the run that is at work has ended. Then workloads get back what they had, wave by wave: StatefulSets,
      Deployments, CronJobs, or as their x8s.dev/depends-on says; each wave has to be ready before the next. What was
      interrupted goes on with the same command.

      The workloads of the old primary are left as they are, and run on beside those that are woken: \`demote\` makes it
      the standby of the new one.
    `,
    examples: [
      ['See what would happen', '$0 promote standby --name dr --primary prod --dry-run'],
      ['The primary is lost', '$0 promote standby --name dr --primary prod --primary-lost'],
    ],
  });
  replica = argument.required('REPLICA', {
    description: 'The replica, by its context.',
    complete: contextNames,
  });
  dryRun = option.flag('--dry-run', { description: 'Only show what would happen.' });
  primaryLost = option.flag('--primary-lost', {
    description:
      'Go on though the primary, or the cluster that keeps the state, does not answer, or answers with errors.',
  });
  withEmptyClaims = option.flag('--with-empty-claims', {
    description: 'Also wake StatefulSets with claims that x8sync never copied anything into.',
  });
  readyTimeout = option.duration('--ready-timeout', {
    description: 'How long each wave may take until it is ready. Default: 10m.',
    default: 600_000,
  });
  yes = option.flag('-y,--yes', { description: 'Do not ask.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { planPromotion } = await import('../failover/plan.ts');
    const { promote } = await import('../failover/promote.ts');
    const { planText, planData, reportText } = await import('./output/failover-text.ts');
    const { options, ...seen } = await this.#options(context);
    const plan = await planPromotion(options);
    const told = planText(plan, options, seen);
    if (this.dryRun) return { data: planData(plan, seen), text: told };
    const question = `Promote ${this.replica} in task ${options.task}?`;
    if (!(await isAgreed(context, { yes: this.yes, question, about: [told] })))
      return { text: 'Nothing was done.' };
    const report = await promote(plan, options);
    const error =
      report.open.length === 0
        ? undefined
        : new IncompleteError(`${this.replica} is promoted, but not all of its workloads run`, {
            details: report.open.map(({ workload, why }) => `${workload}: ${why}`),
            hint: 'The same command goes on with what is open.',
          });
    return { data: report, text: reportText(report, this.replica, seen), ...(error && { error }) };
  }

  /** Who takes part, as far as it answers. */
  async #options(context: KubeCommandContext): Promise<SeenBefore & { options: PromotionOptions }> {
    const [{ identify, requireIdentity }, { knownAs }] = await Promise.all([
      import('../clusters/cluster.ts'),
      import('../state/known-clusters.ts'),
    ]);
    const { clock, signal, reporter } = context;
    const task = this.name ?? defaultTask;
    const kube = await context.kube(this.replica);
    const found = await participants(context, task, () => this.state(context), this.primary);
    const known = () => knownAs(kube, { task, state: found.state, call: { signal } });
    const replica = await identify(this.replica, kube, { known, signal });
    requireIdentity(replica, 'promote');
    this.#check(found, { task, replica });
    const { members, clusters } = found;
    // Where no state is found, the replica alone tells of the task.
    const state = members && found.state;
    const silent = silentBeside(found, { task, replica });
    const options: PromotionOptions = {
      task,
      replica,
      takesPart: members !== undefined,
      isPrimary: members !== undefined && isMember(members[0], replica),
      guardedBy: found.status?.guardedBy,
      others: clusters.filter(({ id }) => id !== replica.id),
      silent,
      mayLack: (cluster) => this.primaryLost || !(members && isMember(members[0], cluster)),
      state,
      withEmptyClaims: this.withEmptyClaims,
      timeoutMs: this.readyTimeout,
      clock,
      signal,
      info: (text) => reporter.info(text),
      raised: (epoch) => announce(context, state, { task, replica: replica.name, epoch }),
    };
    const primary = members && options.others.find((one) => isMember(members[0], one));
    return { options, last: standingOf(found, replica), oldPrimary: primary?.name };
  }

  /** @throws {X8sError} the replica is none of the task's, or the primary can't be asked and is not said to be lost */
  #check({ state, members, clusters, silent }: Participants, { task, replica }: Asked): void {
    if (state && !members && !this.primaryLost)
      throw new RefusedError(`There is no task ${JSON.stringify(task)} in ${state.cluster.context}.`, {
        hint: '--name and --primary choose another one. If what kept it is lost: --primary-lost.',
      });
    if (members && !members.some((member) => isMember(member, replica)))
      throw new RefusedError(`${replica.name} is no cluster of task ${task}.`, {
        hint: `It has ${members.map(({ name, server }) => `${name} (${server})`).join(', ')}.`,
      });
    const primary = members?.[0];
    if (this.primaryLost || (primary && [replica, ...clusters].some((one) => isMember(primary, one)))) return;
    const why = silent.map(silenceOf).join('; ');
    throw new UnreachableError(`the primary of task ${task} does not answer, or with errors: ${why}`, {
      hint: 'Its workloads may still run there. If it is lost: --primary-lost.',
    });
  }
}

interface Asked {
  readonly task: string;
  readonly replica: Cluster;
}

/** What is not fenced for sure, since it can't be asked, or since nothing is known of the task there. */
function silentBeside({ state, members, silent }: Participants, { task, replica }: Asked): Unfenced[] {
  const isReplica = ({ id, server = '' }: Silent) => isMember({ id, server }, replica);
  const others = silent.filter((one) => !isReplica(one)).map(({ name, id, why }) => ({ name, id, why }));
  const isElsewhere = state && state.cluster.server !== replica.kube.cluster.server;
  if (members || !isElsewhere) return others;
  return [...others, { name: state.cluster.context, why: `it knows no task ${JSON.stringify(task)}` }];
}

/** The run that is at work hears of a promotion at once, and who promoted what is kept with the task. */
async function announce(
  { clock, signal }: KubeCommandContext,
  state: KubeClient | undefined,
  { task, replica, epoch }: { readonly task: string; readonly replica: string; readonly epoch: Epoch },
): Promise<void> {
  if (!state) return;
  const { writeControl } = await import('../state/control.ts');
  const { thisProcess } = await import('../../../src/tasks/holder.ts');
  const asked = { at: clock.now().toISOString(), by: thisProcess().who, what: 'promote', about: replica };
  await writeControl(state, task, { epoch: epoch.number }, asked, { signal });
}
