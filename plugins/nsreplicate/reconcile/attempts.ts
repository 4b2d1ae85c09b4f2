/** What came of the work on the objects of one replica: counts, failures and when to try them again, lag, jobs. */
import type { Clock } from '../../../src/clock.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import { messageAbout } from '../clusters/failure.ts';
import { ResultCounts } from '../decide/result-counts.ts';
import { activeJobs } from '../jobs/active.ts';
import { LagMeter } from '../jobs/lag.ts';
import type { Meters } from '../jobs/meters.ts';
import type { JobRecord, JobRecords, Standing } from '../jobs/records.ts';
import { afterFailure, type Failure, isParked, type RetryState } from '../jobs/retry.ts';
import { waitsForApproval } from '../jobs/waits-for.ts';
import { type ObjectKey, placeOf } from '../objects/keys.ts';
import { type Correction, Flapping, isFlapping } from './flapping.ts';
import { JobReporter } from './job-reporter.ts';
import type { Result } from './reconciler.ts';

export interface AttemptsOptions {
  readonly replica: string;
  readonly primaryCache: PrimaryCache;
  readonly records: JobRecords;
  readonly clock: Clock;
  /** Attempts after which a failure that may pass counts as one for good; unlimited where absent. */
  readonly mostAttempts?: number | undefined;
  readonly meters?: Meters | undefined;
  /** An object has to be tried again after so many milliseconds. */
  readonly tryAgain: (key: ObjectKey, afterMs: number) => void;
}

/** Nothing was written. */
const isQuiet = ({ did }: Result): boolean => ['unchanged', 'left', 'gone'].includes(did);

export class Attempts {
  readonly results = new ResultCounts();
  readonly lag = new LagMeter();
  /** Objects that are left on purpose, and why. */
  readonly left = new Map<ObjectKey, string>();
  readonly #options: AttemptsOptions;
  readonly #retries = new Map<ObjectKey, RetryState>();
  readonly #flapping = new Flapping();
  readonly #jobs: JobReporter;

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.#jobs = new JobReporter(options.replica, options);
  }

  get #isWatch(): boolean {
    return this.#options.mostAttempts === undefined;
  }

  /** Failures that wait to be tried again, and those that are parked. */
  get failures(): ReadonlyMap<ObjectKey, RetryState> {
    return this.#retries;
  }

  get parked(): number {
    return [...this.#retries.values()].filter(isParked).length;
  }

  /** Of those that are parked, how many wait for an approval. */
  get unapproved(): number {
    return [...this.#retries.values()].filter(
      (state) => isParked(state) && waitsForApproval(state.failure.reason),
    ).length;
  }

  /** Whether something on the replica changes the object back each time: only a person ends that, or the primary. */
  isFlapping(key: ObjectKey): boolean {
    return isFlapping(this.#retries.get(key)?.failure);
  }

  /** Whether no attempt at the object is planned. */
  isAtRest(key: ObjectKey): boolean {
    const retry = this.#retries.get(key);
    return !retry || isParked(retry);
  }

  /** Jobs under way and waiting ones, the oldest first; `share` of all that can be shown of a task. */
  active(running: ReadonlySet<ObjectKey>, share: number): JobRecord[] {
    const record = (key: ObjectKey, standing: Standing) => this.#jobs.standing(key, standing);
    const [since, retries, { clock }] = [this.lag.since, this.#retries, this.#options];
    return activeJobs({ since, running, retries, clock, record }, share);
  }

  /** The work on an object came to an end. */
  succeeded(key: ObjectKey, result: Result, started: Date): void {
    const { replica, clock, meters } = this.#options;
    const failedBefore = this.#retries.get(key);
    this.#retries.delete(key);
    const lagMs = this.lag.done(key, clock.monotonic(), !isQuiet(result));
    meters?.done(replica, key, result.did, started, lagMs);
    this.results.count(key, result.did);
    if (result.did === 'left') this.left.set(key, result.why);
    else this.left.delete(key);
    if (!isQuiet(result) || failedBefore)
      this.#jobs.done(key, started, (failedBefore?.attempts ?? 0) + 1, result.did);
    // One comparison corrects an object once.
    if (this.#isWatch && (result.did === 'put-right' || result.did === 'created'))
      this.#noteCorrection(key, result.did);
  }

  /** The work on an object failed. */
  failed(key: ObjectKey, failure: Failure, started: Date): void {
    const { replica, clock, mostAttempts, meters, tryAgain } = this.#options;
    meters?.failed(replica, key, failure.reason);
    const state = afterFailure(this.#retries.get(key), failure);
    const { attempts } = state;
    const isGivenUp = mostAttempts !== undefined && (attempts >= mostAttempts || failure.class === 'lasting');
    const final = isGivenUp ? { ...state, retryInMs: undefined } : state;
    this.#retries.set(key, final);
    if (final.retryInMs === undefined) this.lag.forget(key);
    else {
      this.lag.failed(key, clock.monotonic());
      tryAgain(key, final.retryInMs);
    }
    const message = messageAbout(placeOf(key).kind, failure);
    this.#jobs.failed(key, started, { attempts, reason: failure.reason, message, parked: isParked(final) });
  }

  /** The object is another one now: what failed with the old one may work with it. */
  renewed(key: ObjectKey): void {
    this.#retries.delete(key);
  }

  /** Nothing is to be done about the object any more. */
  forget(key: ObjectKey): void {
    this.#retries.delete(key);
    this.lag.forget(key);
    this.#flapping.forget(key);
    this.left.delete(key);
    this.#jobs.forget(key);
  }

  #noteCorrection(key: ObjectKey, did: Correction): void {
    const { clock, primaryCache } = this.#options;
    const { uid = '' } = primaryCache.original(key) ?? {};
    const failure = this.#flapping.corrected(key, uid, did, clock.monotonic());
    if (failure) this.failed(key, failure, clock.now());
  }
}
