/** `failover status`: which cluster leads, and how promotions stand. */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { table } from '../../../src/cli/table.ts';
import { IncompleteError } from '../../../src/errors.ts';
import type { ClusterFailover, FailoverStatus } from '../failover/status.ts';
import { defaultTask } from '../state/task-objects.ts';
import { ExistingTaskCommand } from './base/existing-task-command.ts';

export class FailoverStatusCommand extends ExistingTaskCommand {
  static override paths = [['failover', 'status']];
  static override usage = KubeCommand.Usage({
    description: 'Show which cluster leads a task, how promotions stand, and how much is held where.',
    details: 'Exit code 5 where a cluster of the task does not answer.',
    examples: [['Before and after a failover', '$0 failover status --name dr --primary prod']],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const [{ failoverStatus }, { participants }, { identify }] = await Promise.all([
      import('../failover/status.ts'),
      import('./base/participants.ts'),
      import('../clusters/cluster.ts'),
    ]);
    const { signal } = context;
    const task = this.name ?? defaultTask;
    const { state, clusters, unreachable } = await participants(context, task, () => this.state(context));
    // A cluster that was promoted and has not run the task itself yet has no status of it.
    const alone =
      state && clusters.length === 0 ? [await identify(state.cluster.context, state, { signal })] : [];
    const status = await failoverStatus(task, [...clusters, ...alone], signal);
    const { newest } = status;
    const error =
      unreachable.length === 0
        ? undefined
        : new IncompleteError('not all clusters of the task answer', { details: unreachable });
    return {
      data: { ...status, unreachable },
      text: [
        `Task ${task}: ${whoLeads(newest)}.`,
        ...status.clusters.map((one) => textOf(one, newest?.number)),
      ].join('\n'),
      table: table(status.clusters, columnsFor(newest?.number), 'No cluster of the task answers.'),
      ...(error && { error }),
    };
  }
}

function whoLeads(newest: FailoverStatus['newest']): string {
  if (!newest) return 'nothing was promoted yet';
  const { leaderName, rival, number, raisedAt } = newest;
  return rival === undefined
    ? `${leaderName} leads since ${raisedAt} (epoch ${number})`
    : `${leaderName} and ${rival} were both promoted (epoch ${number}); nothing is copied between them until one of them is promoted again`;
}

const columnsFor = (newest: number | undefined) => [
  { header: 'CLUSTER', value: ({ cluster }: ClusterFailover) => cluster },
  { header: 'EPOCH', value: ({ epoch }: ClusterFailover) => (epoch ? String(epoch.number) : '') },
  { header: 'LEADER', value: ({ epoch }: ClusterFailover) => leaderOf(epoch, newest) },
  { header: 'PROMOTION', value: ({ promotion }: ClusterFailover) => promotion?.phase ?? '' },
  { header: 'HELD', value: ({ held }: ClusterFailover) => String(held) },
  { header: 'RUNNING', value: ({ running }: ClusterFailover) => String(running) },
  { header: 'PROBLEM', value: ({ problem = '' }: ClusterFailover) => problem },
];

function textOf(one: ClusterFailover, newest: number | undefined): string {
  const { cluster, epoch, promotion, held, running, problem } = one;
  if (problem !== undefined) return `  ${cluster}: can't be looked at: ${problem}`;
  const known = epoch
    ? `epoch ${epoch.number}${epoch.number === newest ? '' : ', not told of the newest yet'}`
    : 'no epoch';
  const promoted = promotion ? `, promoted at ${promotion.startedAt}: ${promotion.phase}` : '';
  return `  ${cluster}: ${known}${promoted}; of the copies here ${held} are held and ${running} are not`;
}

/** A cluster may not know of the newest promotion yet. */
function leaderOf(epoch: ClusterFailover['epoch'], newest: number | undefined): string {
  if (!epoch) return newest === undefined ? '' : 'not told yet';
  return epoch.number === newest ? epoch.leaderName : `${epoch.leaderName} (not told yet)`;
}
