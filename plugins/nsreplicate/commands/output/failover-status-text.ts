/** How a failover stands, as text and as a table. */
import { table } from '../../../../src/cli/table.ts';
import type { ClusterFailover, FailoverStatus } from '../../failover/status.ts';
import type { NewestEpoch } from '../../state/epoch.ts';
import type { PromotionRecord } from '../../state/promotion.ts';

/**
 * Who leads, and a line for each cluster.
 * @param isWhole every cluster of the task could be looked at
 */
export function failoverText({ task, newest, clusters, unfenced }: FailoverStatus, isWhole: boolean): string {
  return [
    `Task ${task}: ${whoLeads(newest, isWhole)}.`,
    ...clusters.map((one) => `  ${one.cluster}: ${textOf(one, newest)}`),
    ...unfenced.map(({ name, why }) => `  not fenced by that promotion: ${name}: ${why}`),
  ].join('\n');
}

/** A line for each cluster. */
export const failoverTable = ({ newest, clusters }: FailoverStatus) =>
  table(clusters, columnsFor(newest), 'No cluster of the task answers.');

function whoLeads(newest: NewestEpoch | undefined, isWhole: boolean): string {
  if (!newest)
    return isWhole
      ? 'nothing was promoted yet'
      : 'nothing is known of a promotion to those that could be looked at';
  const { leaderName, rival, number, raisedAt } = newest;
  return rival === undefined
    ? `${leaderName} leads since ${raisedAt} (epoch ${number})`
    : `${leaderName} and ${rival} were both promoted (epoch ${number}); nothing is copied between them until one of them is promoted again`;
}

function textOf(one: ClusterFailover, newest: NewestEpoch | undefined): string {
  const { epoch, promotion, held, running, problem } = one;
  if (problem !== undefined) return `can't be looked at: ${problem}`;
  const known = epoch
    ? `epoch ${epoch.number}${epoch.number === newest?.number ? '' : ', not told of the newest yet'}`
    : `no epoch${newest ? ', not told of the newest yet' : ''}`;
  const promoted = promotion ? `, ${promotionText(promotion, newest)}` : '';
  return `${known}${promoted}; of the copies here ${held} are held and ${running} are not`;
}

/** A cluster keeps the record of its last promotion, also where others were promoted since. */
function promotionText(
  { epoch, startedAt, phase }: PromotionRecord,
  newest: NewestEpoch | undefined,
): string {
  if (epoch === newest?.number) return `promoted at ${startedAt}: ${phase}`;
  // A promotion is recorded before the epoch is raised.
  if (!newest || epoch > newest.number)
    return `its promotion to epoch ${epoch} began at ${startedAt}: ${phase}`;
  const since = newest.rival === undefined ? `${newest.leaderName} leads` : 'others were promoted';
  return `promoted at epoch ${epoch}, ${startedAt}: ${phase}, and ${since} since epoch ${newest.number}`;
}

const columnsFor = (newest: NewestEpoch | undefined) => [
  { header: 'CLUSTER', value: ({ cluster }: ClusterFailover) => cluster },
  { header: 'EPOCH', value: ({ epoch }: ClusterFailover) => (epoch ? String(epoch.number) : '') },
  { header: 'LEADER', value: ({ epoch }: ClusterFailover) => leaderOf(epoch, newest) },
  { header: 'PROMOTION', value: ({ promotion }: ClusterFailover) => phaseOf(promotion, newest) },
  { header: 'HELD', value: ({ held }: ClusterFailover) => String(held) },
  { header: 'RUNNING', value: ({ running }: ClusterFailover) => String(running) },
  { header: 'PROBLEM', value: ({ problem = '' }: ClusterFailover) => problem },
];

function phaseOf(promotion: PromotionRecord | undefined, newest: NewestEpoch | undefined): string {
  if (!promotion) return '';
  return promotion.epoch === newest?.number
    ? promotion.phase
    : `${promotion.phase} (epoch ${promotion.epoch})`;
}

/** A cluster may not know of the newest promotion yet. */
function leaderOf(epoch: ClusterFailover['epoch'], newest: NewestEpoch | undefined): string {
  if (!epoch) return newest === undefined ? '' : 'not told yet';
  return epoch.number === newest?.number ? epoch.leaderName : `${epoch.leaderName} (not told yet)`;
}
