/** Looks what a promotion would do: the epoch, who can be fenced, and which workloads are held on the replica as it is now. */
import { RefusedError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { type Epoch, newestOf, readEpoch } from '../state/epoch.ts';
import { type PromotionRecord, readPromotion, type Unfenced } from '../state/promotion.ts';
import { readSavedState } from '../state/state.ts';
import { type ClaimsOf, claimsOf, hasEmptyClaim } from './claims.ts';
import { askOther, type FenceOptions } from './fence.ts';
import { type Order, orderOf } from './order.ts';
import { type Blocked, staleCopies } from './stale-copies.ts';
import { type Staleness, stalenessOf } from './staleness.ts';
import { type Workload, workloadsOf } from './workloads.ts';

export interface PromotionOptions extends FenceOptions {
  /** The task's status names it: an old primary that takes over again has no copies. */
  readonly takesPart: boolean;
  /** Those that were asked for before, and can't be: they are not among `others`. */
  readonly silent: readonly Unfenced[];
  /** Also wakes StatefulSets with claims that nothing was ever copied into. */
  readonly withEmptyClaims: boolean;
  /** How long each wave may take until it is ready, milliseconds. */
  readonly timeoutMs: number;
}

/** What a promotion would do. */
export interface PromotionPlan extends Wakening {
  readonly epoch: Epoch;
  /** Clusters that do not answer, or with errors: as far as is known now they would not be fenced. */
  readonly unfenced: readonly Unfenced[];
  readonly record: PromotionRecord;
}

/** What would be woken on a replica as it is now. */
export interface Wakening {
  readonly order: Order;
  readonly claims: readonly ClaimsOf[];
  /** Held workloads that are not woken: a claim of theirs is empty, or they are no copies that the last run kept. */
  readonly blocked: readonly Blocked[];
  readonly staleness: Staleness;
}

/**
 * Looks, and writes nothing.
 * @throws {RefusedError} nothing tells that the replica is one of the task
 * @throws {UnreachableError} the primary answers with an error, and is not said to be lost
 */
export async function planPromotion(options: PromotionOptions): Promise<PromotionPlan> {
  const { task, replica, takesPart, isPrimary, others, silent, clock, signal } = options;
  const call = { signal };
  const unfenced: Unfenced[] = [...silent];
  const epochOn = ({ kube }: Cluster) => readEpoch(kube, task, call);
  const epochsOfOthers = others.map((one) => askOther(one, () => epochOn(one), options, unfenced));
  const [epochs, before, wakening] = await Promise.all([
    Promise.all([epochOn(replica), ...epochsOfOthers]),
    readPromotion(replica.kube, task, call),
    lookAround(options),
  ]);
  const { staleness } = wakening;
  if (!takesPart && staleness.kinds.length === 0 && staleness.unread.length === 0)
    throw new RefusedError(`${replica.name} has no copies of task ${task}.`, {
      hint: '--name chooses another task.',
    });
  const newest = newestOf(epochs);
  if (isPrimary && newest === undefined)
    throw new RefusedError(`${replica.name} is the primary of task ${task} already; nothing was promoted.`, {
      hint: 'Name the replica that is to take its place.',
    });
  // Where another cluster was promoted to the same number, only a newer one tells which of them leads.
  const isKnown =
    newest?.leader === replica.id && newest.rival === undefined && before?.epoch === newest.number;
  const now = clock.now().toISOString();
  const epoch: Epoch = isKnown
    ? newest
    : { number: (newest?.number ?? 0) + 1, leader: replica.id, leaderName: replica.name, raisedAt: now };
  return {
    epoch,
    unfenced,
    // One that is done begins anew, with whatever came to be held since.
    record:
      isKnown && before.phase !== 'Done' ? before : { epoch: epoch.number, phase: 'Fencing', startedAt: now },
    ...wakening,
  };
}

/** Looks which workloads the replica has, and writes nothing. */
export async function lookAround({
  task,
  replica,
  state,
  withEmptyClaims,
  clock,
  signal,
}: PromotionOptions): Promise<Wakening> {
  const [workloads, staleness, former] = await Promise.all([
    workloadsOf(replica, task, { signal }),
    stalenessOf(replica, task, { signal }),
    formerIn(state, task, signal),
  ]);
  const stale = staleCopies(workloads, former);
  const isStale = (one: Workload) => stale.some(({ workload }) => workload === one);
  const held = workloads.filter((one) => one.original !== undefined && !isStale(one));
  const claims = await claimsOf(replica, held, { clock, signal });
  const empty = claims.filter((one) => one.workload.kind === 'StatefulSet' && hasEmptyClaim(one));
  const blocked = [
    ...stale,
    ...(withEmptyClaims ? [] : empty.map(({ workload }) => ({ workload, why: emptyClaim }))),
  ];
  return { order: orderOf(workloads), claims, blocked, staleness };
}

/** Namespaces that the task's map leads to no more, as far as its state can be read. */
async function formerIn(
  state: KubeClient | undefined,
  task: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (state === undefined) return [];
  try {
    return (await readSavedState(state, task, { signal })).former;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return [];
  }
}

const emptyClaim = 'nothing was ever copied into a claim of it; --with-empty-claims wakes it all the same';
