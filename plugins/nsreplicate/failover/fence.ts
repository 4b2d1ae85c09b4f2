/**
 * Fences a task: tells all of its clusters that answer of an epoch, and waits until no run of an older one writes any more.
 * What can't be told is named, and never left out in silence.
 */
import type { Clock } from '../../../src/clock.ts';
import { messageOf, RefusedError, UnreachableError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { WRITE_MS } from '../reconcile/fenced-client.ts';
import { type Epoch, raiseEpoch } from '../state/epoch.ts';
import { awaitLease } from '../state/lease.ts';
import { isUnderWay, readPromotion, type Unfenced } from '../state/promotion.ts';
import { CONFIRMED_MS } from '../task/epoch-guard.ts';

/**
 * Where nothing tells that the old task has ended in order: it reads the epoch before a write where it last did so a
 * second ago, and a server that holds a write back gives it up in time.
 */
export const GRACE_MS = CONFIRMED_MS + WRITE_MS + 1000;
/** How long a run that is at work may take to end. */
const END_MS = 30_000;

export interface FenceOptions {
  readonly task: string;
  readonly replica: Cluster;
  /** The task's status names it as the primary. */
  readonly isPrimary: boolean;
  /** As `TaskStatus.guardedBy`: whether the run that is at work has ended can't be told by its Lease. */
  readonly guardedBy: string | undefined;
  /** All others that take part and answer: the old primary, other replicas. */
  readonly others: readonly Cluster[];
  /** Whether the promotion goes on where that one of the others fails: any, but for a primary that is not said to be lost. */
  readonly mayLack: (cluster: Cluster) => boolean;
  /** Where the task's state is kept; undefined: it can't be reached. */
  readonly state: KubeClient | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly info: (text: string) => void;
  /** The epoch is raised on all clusters that answer. */
  readonly raised: (epoch: Epoch) => Promise<void>;
}

/**
 * Asks a cluster other than the promoted one. Where the promotion goes on without that one, whatever it fails with counts
 * as no answer: it resolves with undefined, and why is among `unfenced`.
 * @throws {UnreachableError} the primary failed, and is not said to be lost
 */
export async function askOther<T>(
  cluster: Cluster,
  ask: () => Promise<T>,
  { task, mayLack, signal }: Pick<FenceOptions, 'task' | 'mayLack' | 'signal'>,
  unfenced: Unfenced[],
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    const { name, id } = cluster;
    if (!mayLack(cluster))
      throw new UnreachableError(`the primary ${name} of task ${task} can't be fenced: ${messageOf(error)}`, {
        details: error.details,
        hint: 'Nothing was woken. Its workloads may still run there. If it is lost: --primary-lost.',
        cause: error,
      });
    unfenced.push({ name, id, why: messageOf(error) });
    return undefined;
  }
}

/**
 * Raises the epoch, on the replica first.
 * @returns the clusters that could not be told
 * @throws {RefusedError} somebody else promoted another replica meanwhile
 */
export async function raiseEverywhere(epoch: Epoch, options: FenceOptions): Promise<readonly Unfenced[]> {
  const { task, replica, others, clock, signal, info } = options;
  const unfenced: Unfenced[] = [];
  const raise = ({ kube }: Cluster) => raiseEpoch(kube, task, epoch, { clock, signal });
  checkRaised(await raise(replica), epoch);
  for (const cluster of others)
    checkRaised(await askOther(cluster, () => raise(cluster), options, unfenced), epoch);
  info(`epoch ${epoch.number}: task ${task} writes nothing any more to clusters that know of it`);
  for (const { name, why } of unfenced) info(`not fenced: ${name}: ${why}`);
  return unfenced;
}

/**
 * Waits until no run of an older epoch writes any more.
 * @param raisedAt monotonic milliseconds at which all clusters that answer knew of the epoch
 */
export async function awaitOlder(raisedAt: number, options: FenceOptions): Promise<void> {
  const { isPrimary, guardedBy, state, clock, signal } = options;
  // What is at work on a task whose primary it is already is the run that shall go on. A controller keeps its Lease.
  const canTell = !isPrimary && guardedBy === undefined && !(await isAnyPromoting(options));
  const hasEnded = state !== undefined && canTell && (await awaitEnd(state, options));
  if (!hasEnded) await clock.sleep(Math.max(0, raisedAt + GRACE_MS - clock.monotonic()), signal);
}

/** @throws {RefusedError} it is another one */
function checkRaised(known: Epoch | undefined, epoch: Epoch): void {
  if (known && (known.number !== epoch.number || known.leader !== epoch.leader)) throw overtaken(known);
}

export const overtaken = ({ leaderName, number, raisedAt }: Epoch): RefusedError =>
  new RefusedError(`${leaderName} was promoted meanwhile (epoch ${number}, ${raisedAt}).`, {
    hint: 'See `failover status`. Nothing more was woken here.',
  });

/** Whether a promotion of another cluster may be under way, which wakes workloads there and holds no Lease. */
async function isAnyPromoting({ task, others, signal }: FenceOptions): Promise<boolean> {
  const found = await Promise.all(
    others.map(async ({ kube }) => {
      try {
        const promotion = await readPromotion(kube, task, { signal });
        return promotion !== undefined && isUnderWay(promotion);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof X8sError)) throw error;
        return true;
      }
    }),
  );
  return found.includes(true);
}

/** The run that is at work is told; where that fails, it finds the epoch before its next write. */
export async function tellRun(epoch: Epoch, { raised, signal, info }: FenceOptions): Promise<void> {
  try {
    await raised(epoch);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    info(`the task that is at work could not be told, and finds the epoch by itself: ${messageOf(error)}`);
  }
}

/**
 * Waits until the run that is at work has ended, and no write of it can be under way, also where it was killed: its Lease
 * lasts longer. False where it has not, or nothing tells: one that can't reach the replica does not find out, and does not
 * write there either.
 */
async function awaitEnd(
  kube: KubeClient,
  { task, clock, signal, info }: Pick<FenceOptions, 'task' | 'clock' | 'signal' | 'info'>,
): Promise<boolean> {
  const late = new AbortController();
  const done = new AbortController();
  const request = { kube, task, purpose: 'promote', clock, signal: AbortSignal.any([signal, late.signal]) };
  void clock.sleep(END_MS, done.signal).then(
    () => late.abort(),
    () => undefined,
  );
  try {
    const lock = await awaitLease(request, ({ holder }) =>
      info(`waiting until the task has ended that is at work (${holder.split(' ')[0]})`),
    );
    await lock.release();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    const isLate = late.signal.aborted;
    if (!isLate && !(error instanceof X8sError)) throw error;
    const what = isLate ? 'has not ended' : `can't be asked whether it has ended (${messageOf(error)})`;
    info(`the task that is at work ${what}; it writes nothing to clusters that know of the new epoch`);
    return false;
  } finally {
    done.abort();
  }
}
