/** Keeps a task from writing once another cluster was promoted. */
import { repeat } from '../../../src/async/repeat.ts';
import { type Clock, type Moment, momentOf, msSince } from '../../../src/clock.ts';
import { messageOf, UnreachableError } from '../../../src/errors.ts';
import { isForbidden, mayPass } from '../../../src/kube/api/api-error.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { isAway } from '../clusters/failure.ts';
import { WRITE_MS } from '../reconcile/fenced-client.ts';
import { fencedBy, type NewestEpoch, newestOf, raiseEpoch, readEpoch } from '../state/epoch.ts';

/** A replica's epoch is read again before a write where it was last read longer ago than this. `promote` waits longer. */
export const CONFIRMED_MS = 1000;
/** A task that has nothing to write looks so often. */
const PERIOD_MS = 10_000;

export interface EpochGuardOptions {
  readonly task: string;
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
  /** The task is fenced, and has to end. */
  readonly fenced: (error: Error) => void;
}

export class EpochGuard {
  readonly #options: EpochGuardOptions;
  #newest: NewestEpoch | undefined;
  /** When the last question that was answered was asked. */
  readonly #readAt = new Map<Cluster, Moment>();
  readonly #reading = new Map<Cluster, Promise<void>>();
  readonly #told = new Set<Cluster>();
  #isFenced = false;

  constructor(options: EpochGuardOptions) {
    this.#options = options;
  }

  /** The epoch of what is written now; 0 before the first promotion. */
  get number(): number {
    return this.#newest?.number ?? 0;
  }

  /**
   * Reads the epochs of all clusters that answer, and brings the newest to those that do not know it.
   * @throws {RefusedError} the task is fenced
   */
  async begin(): Promise<void> {
    const { task, primary, replicas, signal } = this.#options;
    await this.#read(primary);
    await Promise.all(replicas.map((replica) => this.#read(replica).catch(ignoreForNow)));
    const newest = this.#newest;
    if (!newest) return;
    await Promise.all(
      replicas.map((replica) => raiseEpoch(replica.kube, task, newest, { signal }).catch(ignoreForNow)),
    );
  }

  /**
   * Asked before each write to a replica; costs a question once in a while only.
   * @returns milliseconds within which the write has to be made: whoever promoted after the question waits as long
   * @throws {RefusedError} the task is fenced
   * @throws {UnreachableError} the answer took longer than that
   */
  async confirm(replica: Cluster): Promise<number> {
    if (this.#age(replica) >= CONFIRMED_MS) await this.#read(replica);
    this.#check();
    const leftMs = CONFIRMED_MS + WRITE_MS - this.#age(replica);
    if (leftMs > 0) return leftMs;
    throw new UnreachableError(`${replica.name} took too long to tell whether another cluster was promoted.`);
  }

  /** Milliseconds since the last question that was answered. */
  #age(cluster: Cluster): number {
    const asked = this.#readAt.get(cluster);
    return asked ? msSince(asked, this.#options.clock) : Number.POSITIVE_INFINITY;
  }

  /** Looks at all clusters now; one that does not answer is asked again later. */
  async look(): Promise<void> {
    const { primary, replicas } = this.#options;
    await Promise.allSettled([primary, ...replicas].map((cluster) => this.#read(cluster)));
  }

  /** Looks now and then, until the signal aborts: a task that writes nothing has to know, too. */
  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    await repeat(() => this.look(), { periodMs: PERIOD_MS, pauseFirst: true, clock, signal });
  }

  /** Questions to one cluster are asked one at a time. */
  #read(cluster: Cluster): Promise<void> {
    const reading =
      this.#reading.get(cluster) ?? this.#ask(cluster).finally(() => this.#reading.delete(cluster));
    this.#reading.set(cluster, reading);
    return reading;
  }

  async #ask(cluster: Cluster): Promise<void> {
    const { task, clock, signal, warn } = this.#options;
    const asked = momentOf(clock);
    try {
      const epoch = await readEpoch(cluster.kube, task, { signal });
      this.#newest = newestOf([this.#newest, epoch]);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      if (!this.#told.has(cluster))
        warn(`${cluster.name}: a promotion would not be noticed there: ${messageOf(error)}`);
      this.#told.add(cluster);
    }
    this.#readAt.set(cluster, asked);
    this.#check();
  }

  #check(): void {
    const { task, primary, fenced } = this.#options;
    const error = fencedBy(this.#newest, task, primary);
    if (!error) return;
    if (!this.#isFenced) fenced(error);
    this.#isFenced = true;
    throw error;
  }
}

/** A cluster that does not answer, or with errors that may pass, is asked before the first write to it. */
function ignoreForNow(error: unknown): void {
  if (!mayPass(error) && !isAway(error) && !isForbidden(error)) throw error;
}
