/**
 * Promotes a replica, step by step: fences the task, waits until nobody writes any more, wakes workloads wave by wave, and
 * waits until they are ready. Each step looks at what is there, so that a promotion that was interrupted is taken up by the
 * same command.
 */
import { momentOf, msSince } from '../../../src/clock.ts';
import { messageOf, RefusedError, X8sError } from '../../../src/errors.ts';
import { formatDuration } from '../../../src/ui/format.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { isAway } from '../clusters/failure.ts';
import { fencedClient, WRITE_MS } from '../reconcile/fenced-client.ts';
import { type Epoch, readEpoch } from '../state/epoch.ts';
import { type PromotionRecord, type Unfenced, writePromotion } from '../state/promotion.ts';
import { ensureStateNamespace } from '../state/task-objects.ts';
import { awaitReady } from './await-ready.ts';
import { awaitOlder, overtaken, raiseEverywhere, tellRun } from './fence.ts';
import { lookAround, type PromotionOptions, type PromotionPlan, type Wakening } from './plan.ts';
import type { Staleness } from './staleness.ts';
import { nameOf, type Workload, wake } from './workloads.ts';

export interface PromotionReport {
  readonly epoch: number;
  readonly woken: readonly string[];
  /** Workloads that are not ready, or were not woken, and why. */
  readonly open: readonly { readonly workload: string; readonly why: string }[];
  /** Clusters that could not be told of the epoch. */
  readonly unfenced: readonly Unfenced[];
  readonly startedAt: string;
  /** Milliseconds since the first attempt began. */
  readonly tookMs: number;
  readonly staleness: Staleness;
}

/** What a promotion has found and done so far. */
interface Progress {
  readonly plan: PromotionPlan;
  /** Of these the replica is written to only while no newer epoch is known there. */
  readonly options: PromotionOptions;
  unfenced: readonly Unfenced[];
  /** Monotonic milliseconds at which all clusters that answer knew of the epoch. */
  raisedAt: number;
  found: Wakening;
  readonly woken: string[];
  readonly open: { readonly workload: string; readonly why: string }[];
}

interface Step {
  readonly name: string;
  readonly does: string;
  readonly take: (progress: Progress) => Promise<void>;
}

/** All that a promotion does, in this order. Whichever of them it is interrupted in, the same command begins with the first. */
const steps: readonly Step[] = [
  {
    name: 'record',
    does: 'note on the replica that its promotion has begun',
    take: async (progress) => {
      const { replica, signal } = progress.options;
      await ensureStateNamespace(replica.kube, { signal });
      await note(progress, { phase: 'Fencing' });
    },
  },
  {
    name: 'fence',
    does: 'raise the epoch on every cluster that answers',
    take: async (progress) => {
      const { plan, options } = progress;
      progress.unfenced = [...options.silent, ...(await raiseEverywhere(plan.epoch, options))];
      progress.raisedAt = options.clock.monotonic();
    },
  },
  {
    name: 'stop',
    does: 'wait until nothing of an older epoch writes',
    take: async ({ plan, options, raisedAt }) => {
      await tellRun(plan.epoch, options);
      await awaitOlder(raisedAt, options);
    },
  },
  {
    name: 'look',
    does: 'see what is held by now',
    take: async (progress) => {
      // The task wrote until it was fenced, and a person may have thought about the plan for long.
      progress.found = await lookAround(progress.options);
      await note(progress, { phase: 'Waking' });
    },
  },
  {
    name: 'wake',
    does: 'give workloads back what they had, wave by wave',
    take: wakeAll,
  },
  {
    name: 'report',
    does: 'note how it ended',
    take: async (progress) => {
      const finishedAt = progress.options.clock.now().toISOString();
      await note(progress, { phase: progress.open.length === 0 ? 'Done' : 'Incomplete', finishedAt });
    },
  },
];

/** The steps of a promotion by name, in their order. */
export const promotionSteps: readonly string[] = steps.map(({ name }) => name);

/** What is said as a step begins. */
export function stepText(name: string): string {
  const index = promotionSteps.indexOf(name);
  return `step ${index + 1} of ${steps.length}, ${name}: ${steps[index]?.does}`;
}

/**
 * Carries a plan out.
 * @throws {X8sError} the replica stopped answering, or a primary that is not said to be lost, or another cluster was
 *   promoted by somebody else meanwhile
 */
export async function promote(plan: PromotionPlan, options: PromotionOptions): Promise<PromotionReport> {
  const { unfenced, epoch, record } = plan;
  const replica = fencedReplica(epoch, options);
  const progress: Progress = {
    ...{ plan, options: { ...options, replica }, unfenced },
    ...{ raisedAt: 0, found: plan, woken: [], open: [] },
  };
  for (const { name, take } of steps) {
    options.info(stepText(name));
    await take(progress);
  }
  const { woken, open, found } = progress;
  const { startedAt } = record;
  const tookMs = options.clock.now().getTime() - new Date(startedAt).getTime();
  return {
    ...{ epoch: epoch.number, woken, open, unfenced: progress.unfenced },
    ...{ startedAt, tookMs, staleness: found.staleness },
  };
}

/** Keeps on the replica how far its promotion is. */
function note(
  { plan: { record }, options, unfenced }: Progress,
  change: Pick<PromotionRecord, 'phase' | 'finishedAt'>,
): Promise<void> {
  const { task, replica, signal } = options;
  const cluster = replica.id;
  const noted = { ...record, cluster, unfenced, finishedAt: undefined, ...change };
  return writePromotion(replica.kube, task, noted, { signal });
}

/** Wakes what is held and not blocked, each wave once the one before is ready, or its time is over. */
async function wakeAll({ options, found, woken, open }: Progress): Promise<void> {
  const { order, blocked } = found;
  for (const { workload, why, isLeft = false } of blocked)
    if (!isLeft) open.push({ workload: nameOf(workload), why });
  for (const wave of order.waves) {
    const free = wave.filter((one) => !blocked.some(({ workload }) => workload === one));
    const refused = new Set<Workload>();
    for (const workload of free.filter(({ original }) => original !== undefined)) {
      const why = await wakeOne(workload, options);
      if (why === undefined) woken.push(nameOf(workload));
      else {
        refused.add(workload);
        open.push({ workload: nameOf(workload), why });
      }
    }
    const waiting = free.filter((one) => !refused.has(one));
    open.push(...(await awaitReady(waiting, options)));
  }
}

/** Wakes a workload. Resolves with why the replica refuses it, as a webhook may: the others are woken all the same. */
async function wakeOne(
  workload: Workload,
  { replica, signal, info }: PromotionOptions,
): Promise<string | undefined> {
  try {
    await wake(replica, workload, { signal });
    info(`woken: ${nameOf(workload)}`);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError) || isAway(error) || error instanceof RefusedError) throw error;
    return messageOf(error);
  }
}

/**
 * The replica, written to only while it knows of no newer epoch: somebody else may have promoted another one, also while
 * this process stood still. A write is made before whoever promoted wakes anything (`awaitOlder`), or never.
 */
function fencedReplica(epoch: Epoch, options: PromotionOptions): Cluster {
  const { task, replica, clock, signal } = options;
  const fence = async () => {
    for (const begun = momentOf(clock); ; ) {
      const asked = momentOf(clock);
      const known = await readEpoch(replica.kube, task, { signal });
      if (known && known.number > epoch.number) throw overtaken(known);
      const tookMs = msSince(asked, clock);
      // An answer that lay there while this process stood still, or the machine slept, says nothing any more.
      if (tookMs < WRITE_MS) return WRITE_MS - tookMs;
      options.info(lateText(replica, tookMs, msSince(begun, clock)));
    }
  };
  return { ...replica, kube: fencedClient(replica.kube, { fence }) };
}

/** What a person sees while nothing else happens: what is waited for, for how long, and what to do. */
const lateText = ({ name }: Cluster, tookMs: number, waitedMs: number): string =>
  `waiting for ${formatDuration(waitedMs)}: ${name} took ${formatDuration(tookMs)} to tell whether another cluster was promoted, and nothing is written there by an answer that took ${formatDuration(WRITE_MS)} or longer; it is asked again. Look at the load of its API server and at the line to it: Ctrl-C loses nothing, the same command goes on`;
