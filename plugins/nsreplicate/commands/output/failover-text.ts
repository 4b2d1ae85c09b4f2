/** Promotions as people and programs read them. */
import { formatDuration } from '../../../../src/ui/format.ts';
import type { ClaimsOf } from '../../failover/claims.ts';
import type { PromotionOptions, PromotionPlan } from '../../failover/plan.ts';
import type { PromotionReport } from '../../failover/promote.ts';
import type { Staleness } from '../../failover/staleness.ts';
import { nameOf, type Workload } from '../../failover/workloads.ts';
import type { ReplicaStanding } from '../base/participants.ts';
import { standing } from './status-text.ts';

/** What a promotion would do, and what has to be known before. */
export function planText(
  plan: PromotionPlan,
  { task, replica, others, state, clock }: PromotionOptions,
  { last, oldPrimary }: SeenBefore,
): string {
  const { epoch, unfenced, order, claims, blocked, staleness } = plan;
  const now = clock.now();
  const waves = wavesOf(plan);
  const fenced = [replica, ...others].filter(({ name }) => !unfenced.some((one) => one.name === name));
  const lost = `${state ? 'what does not answer' : 'the old primary is not reached: its workloads'} may still run there`;
  return [
    `Task ${task}: ${replica.name} would become the primary (epoch ${epoch.number}).`,
    `  would be fenced: ${fenced.map(({ name }) => name).join(', ')}`,
    ...unfenced.map(({ name, why }) => `  can't be fenced: ${name}: ${why}`),
    ...(unfenced.length > 0 || !state ? [`  ${lost}, and it finds the epoch before it writes a copy`] : []),
    ...standingLines(last, state !== undefined),
    ...(waves.length === 0 ? ['  no workload is to be woken'] : besideLines(oldPrimary)),
    ...waves.map((wave, index) => `  wave ${index + 1}: ${wave.map(wakeText).join(', ')}`),
    ...blocked.map(({ workload, why }) => `  not woken: ${nameOf(workload)}: ${why}`),
    ...claims.flatMap((one) => claimLines(one, now)),
    ...order.notes.map((note) => `  note: ${note}`),
    ...stalenessLines(staleness, now),
  ].join('\n');
}

/** What is known beside the plan. */
export interface SeenBefore {
  /** How the task last stood with the replica. */
  readonly last: ReplicaStanding | undefined;
  /** The cluster that was the primary so far, where it answers: a promotion stops nothing that runs there. */
  readonly oldPrimary?: string | undefined;
}

/** Both sides run at once: who moves on purpose has to know, as where the primary is lost. */
const besideLines = (oldPrimary: string | undefined): string[] =>
  oldPrimary === undefined
    ? []
    : [
        `  workloads of ${oldPrimary} are left as they are: what runs there runs on beside these, until \`demote\` holds it`,
      ];

function standingLines(last: ReplicaStanding | undefined, hasState: boolean): string[] {
  if (!hasState) return ["  how far it is behind is not known: the task's state can't be read"];
  if (!last) return [];
  const all = last.isCompared ? '' : '; the task had not compared everything yet, so more may be missing';
  return [`  as the task last said: ${standing(last)}${all}`];
}

/** The same for programs. */
export function planData(plan: PromotionPlan, { last, oldPrimary }: SeenBefore) {
  const { epoch, unfenced, claims, blocked, staleness, order } = plan;
  return {
    epoch: epoch.number,
    leader: epoch.leaderName,
    waves: wavesOf(plan).map((wave) => wave.map(nameOf)),
    blocked: blocked.map(({ workload }) => nameOf(workload)),
    notWoken: blocked.map(({ workload, why }) => ({ workload: nameOf(workload), why })),
    claims: claims.flatMap(({ workload, claims }) =>
      claims.map((claim) => ({ workload: nameOf(workload), ...claim })),
    ),
    notes: order.notes,
    unreachable: unfenced.map(({ name, why }) => `${name}: ${why}`),
    standing: last && standingData(last),
    oldPrimary,
    staleness,
  };
}

const standingData = ({ isCompared, behind, uncompared = 0, failed, away }: ReplicaStanding) => ({
  ...{ isCompared, behind: behind.pending, oldestMs: behind.oldestMs, uncompared, failed, away },
});

/** What came of a promotion. */
export function reportText(
  { epoch, woken, open, unfenced, tookMs, startedAt, staleness }: PromotionReport,
  replica: string,
  { oldPrimary }: Pick<SeenBefore, 'oldPrimary'> = {},
): string {
  return [
    `${replica} is the primary (epoch ${epoch}), ${formatDuration(tookMs)} after the promotion began.`,
    ...unfenced.map(({ name, why }) => `  not fenced: ${name}: ${why}`),
    ...(unfenced.length === 0
      ? []
      : ['  what is not fenced may still run and write there; the same command tries again to fence it']),
    `  woken: ${woken.length === 0 ? 'nothing' : woken.join(', ')}`,
    ...(woken.length === 0 ? [] : besideLines(oldPrimary)),
    ...open.map(({ workload, why }) => `  open: ${workload}: ${why}`),
    ...stalenessLines(staleness, new Date(startedAt)),
  ].join('\n');
}

/** What is to be woken; empty waves left out. */
function wavesOf({ order, blocked }: PromotionPlan): Workload[][] {
  const isBlocked = (one: Workload) => blocked.some(({ workload }) => workload === one);
  return order.waves
    .map((wave) => wave.filter((one) => one.original !== undefined && !isBlocked(one)))
    .filter((wave) => wave.length > 0);
}

function wakeText(workload: Workload): string {
  const { original } = workload;
  const to =
    original?.field === 'replicas'
      ? `${original.value} ${original.value === 1 ? 'pod' : 'pods'}`
      : original?.value
        ? 'stays suspended'
        : 'runs';
  const claims =
    original?.field === 'replicas' && original.whenScaled
      ? ', deletes its claims when it is scaled down'
      : '';
  return `${nameOf(workload)} (${to}${claims})`;
}

const claimLines = ({ claims }: ClaimsOf, now: Date): string[] =>
  claims.map(({ namespace, name, exists, filledAt }) => {
    const filled =
      filledAt === undefined ? 'x8sync never filled it' : `filled by x8sync ${ago(filledAt, now)}`;
    return `  claim ${namespace}/${name}: ${exists ? filled : 'not there yet, so it will be empty'}`;
  });

const stalenessLines = ({ kinds, unread }: Staleness, at: Date): string[] => [
  ...kinds.map(
    ({ kind, objects, lastChangeAt }) =>
      `  ${kind}: ${objects} copied, the last change of them arrived ${lastChangeAt === undefined ? 'at an unknown time' : ago(lastChangeAt, at)}`,
  ),
  ...(unread.length === 0 ? [] : [`  can't be listed, so nothing is known of: ${unread.join(', ')}`]),
];

const ago = (time: string, now: Date): string =>
  `${formatDuration(Math.max(0, now.getTime() - new Date(time).getTime()))} before (${time})`;
