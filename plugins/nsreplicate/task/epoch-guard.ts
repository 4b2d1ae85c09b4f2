/** Keeps a task from writing once another cluster was promoted. */
import { repeat } from '../../../src/async/repeat.ts';
import { type Clock, type Moment, momentOf, msSince } from '../../../src/clock.ts';
import { messageOf, RefusedError, UnreachableError, X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { isAway } from '../clusters/failure.ts';
import { WRITE_MS } from '../reconcile/fenced-client.ts';
import { type Epoch, fencedBy, type NewestEpoch, newestOf, raiseEpoch, readEpoch } from '../state/epoch.ts';

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
  /** Numbers of the epochs that clusters know, as far as they could be read; 0: of no promotion. */
  readonly #known = new Map<Cluster, number>();
  readonly #bringing = new Map<Cluster, Promise<void>>();
  /** Those of which it was said that they could not be told. */
  readonly #untold = new Set<Cluster>();
  #isFenced = false;

  constructor(options: EpochGuardOptions) {
    this.#options = options;
  }

  /** The epoch of what is written now; 0 before the first promotion. */
  get number(): number {
    return this.#newest?.number ?? 0;
  }

  /**
   * Reads the epochs of all clusters that answer soon, and brings the newest to those that do not know it. The others are
   * asked before the first write to them, and told later.
   * @throws {RefusedError} the task is fenced
   */
  async begin(): Promise<void> {
    const { primary, replicas } = this.#options;
    await this.#read(primary);
    await this.#soon(replicas.map((replica) => this.#meet(replica)));
    for (const replica of replicas)
      if (this.#reading.has(replica))
        this.#say(replica, 'has not answered yet', 'the others begin without it');
    await this.#soon(replicas.map((replica) => this.#bring(replica)));
  }

  /** Waits for work that other replicas need not wait for, no longer than a write may take. */
  async #soon(work: readonly Promise<void>[]): Promise<void> {
    const { clock, signal } = this.#options;
    const done = new AbortController();
    const late = clock.sleep(WRITE_MS, AbortSignal.any([signal, done.signal]));
    await Promise.race([Promise.all(work), late]).finally(() => done.abort());
  }

  /** Reads a replica's epoch for the first time. */
  async #meet(replica: Cluster): Promise<void> {
    try {
      await this.#read(replica);
    } catch (error) {
      throwUnlessLacking(error);
      // Lists of one that is away say so.
      if (!isAway(error)) this.#say(replica, "can't be asked", messageOf(error));
    }
  }

  #say({ name }: Cluster, what: string, why: string): void {
    const { warn } = this.#options;
    warn(
      `${name}: ${what} whether another cluster was promoted; nothing is written there until that is known: ${why}`,
    );
  }

  /** Tells a replica of the newest epoch, unless it is known to know that, or not known what it knows. */
  #bring(replica: Cluster): Promise<void> {
    const newest = this.#newest;
    const known = this.#known.get(replica);
    if (!newest || known === undefined || known >= newest.number) return Promise.resolve();
    const bringing =
      this.#bringing.get(replica) ??
      this.#tell(replica, newest).finally(() => this.#bringing.delete(replica));
    this.#bringing.set(replica, bringing);
    return bringing;
  }

  async #tell(replica: Cluster, newest: NewestEpoch): Promise<void> {
    const { task, clock, signal, warn } = this.#options;
    try {
      const epoch = await raiseEpoch(replica.kube, task, newest, { clock, signal });
      this.#untold.delete(replica);
      this.#take(replica, epoch);
    } catch (error) {
      throwUnlessLacking(error);
      if (!this.#untold.has(replica))
        warn(
          `${replica.name}: it could not be told of epoch ${newest.number}, so what copies from an older primary may still write there; tried again by itself: ${messageOf(error)}`,
        );
      this.#untold.add(replica);
    }
    this.#check();
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

  /** Looks at all clusters now; one that does not answer is asked again later, and one that could not be told is told. */
  async look(): Promise<void> {
    const { primary, replicas } = this.#options;
    await Promise.allSettled([primary, ...replicas].map((cluster) => this.#read(cluster)));
    // One that is slow to be told keeps no other from being looked at. That the task is fenced was said.
    if (!this.#isFenced) for (const replica of replicas) this.#bring(replica).catch(() => undefined);
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
      this.#take(cluster, epoch);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      if (!this.#told.has(cluster))
        warn(`${cluster.name}: a promotion would not be noticed there: ${messageOf(error)}`);
      this.#told.add(cluster);
    }
    this.#readAt.set(cluster, asked);
    this.#check();
  }

  #take(cluster: Cluster, epoch: Epoch | undefined): void {
    this.#newest = newestOf([this.#newest, epoch]);
    this.#known.set(cluster, epoch?.number ?? 0);
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

/** Whatever a replica fails with concerns no other one, but for an answer that forbids the task to write. */
function throwUnlessLacking(error: unknown): void {
  if (!(error instanceof X8sError) || error instanceof RefusedError) throw error;
}
