/**
 * A lock that is held: renews it, and knows by its own clock when it may no longer rely on it.
 *
 * Another may take the lock once its object has not moved for `staleAfter`, counted from when they saw it,
 * which is never before the last renewal was sent. So whoever has not renewed it within `staleAfter` less a
 * margin, counted from when that renewal was sent, stops: always before another begins.
 */
import { type Clock, type Moment, momentOf, msSince } from '../clock.ts';
import { RefusedError, UnreachableError, type X8sError } from '../errors.ts';
import { isNotFound } from '../kube/api/api-error.ts';
import type { CallOptions } from '../kube/api/client.ts';
import type { KubeObject } from '../kube/api/objects.ts';
import { untilNotOvertaken } from '../kube/api/overtaken.ts';
import { describeHolder, parseHolder } from './holder.ts';
import type { Claim, LockObject } from './lock-object.ts';

/** The share of `staleAfter` that is kept in hand for clocks that run apart and work that is under way. */
const MARGIN = 0.2;
/** After a failed renewal the next one follows sooner. */
const RETRY_MS = 1000;
/** A renewal gets this share of the time that the lock lasts: one that hangs leaves time for others. */
const ATTEMPT = 1 / 3;
const RELEASE_LIMIT_MS = 5000;

export interface HeldLockOptions<T extends KubeObject> {
  readonly lock: LockObject<T>;
  readonly object: T;
  readonly claim: Claim;
  /** Monotonic and wall time when the write that took the lock was sent. */
  readonly taken: Moment;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** The object outlives the lock: releasing frees it instead of deleting it. */
  readonly keep: boolean;
  /** What is locked, for messages. */
  readonly about: string;
}

export class HeldLock<T extends KubeObject = KubeObject> {
  readonly #options: HeldLockOptions<T>;
  readonly #lost = new AbortController();
  readonly #done = new AbortController();
  readonly #over = AbortSignal.any([this.#lost.signal, this.#done.signal]);
  readonly #limitMs: number;
  #object: T;
  #claim: Claim;
  #renewed: Moment;
  /** The renewal under way, if any: there is never more than one. */
  #renewal: Promise<void> | undefined;

  constructor(options: HeldLockOptions<T>) {
    this.#options = options;
    this.#object = options.object;
    this.#claim = options.claim;
    this.#renewed = options.taken;
    this.#limitMs = options.claim.staleAfterMs * (1 - MARGIN);
    void this.#keepRenewing();
    void this.#watchDeadline();
  }

  /** Aborted when the lock is lost, with the error to fail with, before another may take it. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Who holds it, as the record of a task notes it (`TaskStore.start`). */
  get holder(): string {
    return this.#claim.holder;
  }

  /**
   * Resolves while the lock is surely held, and rejects with the error of its loss. For the moment before a
   * step that could do harm: a process that was stopped, or whose machine slept, may not have noticed that
   * another took over. Costs nothing while renewals are recent, else one write.
   * @returns milliseconds within which the step has to come to its end, whatever becomes of this process: after that
   *   another may take the lock
   */
  async confirm(): Promise<number> {
    this.signal.throwIfAborted();
    const age = this.#age();
    if (age <= this.#limitMs / 2) return this.#limitMs - age;
    if (this.#left() <= 0) throw this.#lose(this.#expired());
    await this.#renew().catch(() => undefined);
    this.signal.throwIfAborted();
    const left = this.#limitMs - this.#age();
    if (left <= 0) throw this.#lose(this.#expired());
    return left;
  }

  /** Whether {@link confirm} resolves: one that is lost is no failure to who asks. */
  isHeld(): Promise<boolean> {
    return this.confirm().then(
      () => true,
      () => false,
    );
  }

  /**
   * Stops renewing and frees the lock. Never rejects: a lock that can't be freed, or was lost, is left alone
   * and goes stale by itself.
   */
  async release(): Promise<void> {
    if (this.#done.signal.aborted) return;
    this.#done.abort();
    await this.#renewal?.catch(() => undefined);
    if (this.signal.aborted) return;
    await this.#free().catch(() => undefined);
  }

  /** Milliseconds until the lock can't be relied on any more. */
  #left(): number {
    return this.#renewed.monotonic + this.#limitMs - this.#options.clock.monotonic();
  }

  /** Milliseconds since the last renewal that surely counted. */
  #age(): number {
    return msSince(this.#renewed, this.#options.clock);
  }

  async #keepRenewing(): Promise<void> {
    const { heartbeatMs } = this.#options;
    let wait = heartbeatMs;
    while (await this.#slept(wait)) {
      wait = await this.#renew().then(
        () => heartbeatMs,
        () => Math.min(RETRY_MS, heartbeatMs),
      );
    }
  }

  async #watchDeadline(): Promise<void> {
    do {
      if (this.#left() <= 0) this.#lose(this.#expired());
    } while (await this.#slept(this.#left()));
  }

  /** Sleeps; false once the lock is released or lost. */
  async #slept(ms: number): Promise<boolean> {
    await this.#options.clock.sleep(ms, this.#over).catch(() => undefined);
    return !this.#over.aborted;
  }

  #renew(): Promise<void> {
    this.#renewal ??= this.#write().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  /** One renewal; after a conflict it goes on from what the object is now, as long as it is still ours. */
  async #write(): Promise<void> {
    const { lock, clock } = this.#options;
    const attempt = async (failed: number): Promise<void> => {
      if (failed > 0) await this.#reread(this.#renewalCall());
      const sent = momentOf(clock);
      const claim = this.#nextClaim(sent);
      try {
        this.#object = await lock.write(this.#object, claim, this.#renewalCall());
      } catch (error) {
        if (isNotFound(error)) throw this.#lose(this.#vanished());
        throw error;
      }
      this.#claim = claim;
      this.#renewed = sent;
    };
    // Who does not come to it in time has lost the lock: no number of attempts says that.
    await untilNotOvertaken(attempt, { most: Number.POSITIVE_INFINITY });
  }

  #renewalCall(): CallOptions {
    const timeoutMs = Math.max(1, Math.ceil(Math.min(this.#left(), this.#limitMs * ATTEMPT)));
    return { signal: this.#over, timeoutMs };
  }

  async #reread(call: CallOptions): Promise<void> {
    const now = await this.#options.lock.read(call);
    if (!now) throw this.#lose(this.#vanished());
    const holder = this.#options.lock.claimOf(now)?.holder;
    if (holder !== this.#claim.holder) throw this.#lose(this.#taken(holder));
    this.#object = now;
  }

  /** A write that changes nothing would not move the object, so no two renewals bear the same time. */
  #nextClaim({ wall }: Moment): Claim {
    const time = Math.max(wall, Date.parse(this.#claim.renewed) + 1);
    return { ...this.#claim, renewed: new Date(time).toISOString() };
  }

  async #free(): Promise<void> {
    const { lock, keep } = this.#options;
    const call: CallOptions = { timeoutMs: RELEASE_LIMIT_MS };
    const attempt = async (failed: number): Promise<void> => {
      if (failed > 0) await this.#reread(call);
      if (keep) await lock.write(this.#object, undefined, call);
      else await lock.remove(this.#object, call);
    };
    await untilNotOvertaken(attempt);
  }

  /** A lock that was released is not lost any more, whatever comes after. */
  #lose(error: X8sError): X8sError {
    if (!this.#done.signal.aborted) this.#lost.abort(error);
    return error;
  }

  #expired(): X8sError {
    const { about, lock } = this.#options;
    return new UnreachableError(
      `Lost the lock on ${about}: ${lock.describe()} could not be renewed for ${Math.round(this.#age() / 1000)} s.`,
      { hint: 'Run the command again when the cluster answers: it goes on from where it stopped.' },
    );
  }

  #vanished(): X8sError {
    const { about, lock } = this.#options;
    return new RefusedError(`Lost the lock on ${about}: ${lock.describe()} was deleted.`, {
      hint: 'Somebody cleaned it up, or its namespace is being deleted.',
    });
  }

  #taken(holder: string | undefined): X8sError {
    const { about, lock } = this.#options;
    const by =
      holder === undefined ? 'was freed by somebody' : `is held by ${describeHolder(parseHolder(holder))}`;
    return new RefusedError(`Lost the lock on ${about}: ${lock.describe()} ${by} now.`, {
      hint: 'This run stopped renewing its lock, and another one took over.',
    });
  }
}
