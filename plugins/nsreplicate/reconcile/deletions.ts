/** The brake on deletions, at work on one replica. */
import type { Clock } from '../../../src/clock.ts';
import type { ReplicaCache } from '../cache/replica-cache.ts';
import { approve, type BrakeLimits, type BrakeState, brake, stop, takeBack } from '../decide/brake.ts';
import { type ObjectKey, placeOf } from '../objects/keys.ts';

export interface DeletionsOptions {
  readonly replica: string;
  readonly replicaCache: ReplicaCache;
  readonly limits: BrakeLimits;
  readonly state: BrakeState;
  readonly clock: Clock;
  readonly warn: (text: string) => void;
  readonly changed: () => void;
}

export class Deletions {
  readonly #options: DeletionsOptions;
  #state: BrakeState;
  /** How many go with the deletion of an object, itself included, where that is known to be more than itself. */
  readonly #weights = new Map<ObjectKey, number>();

  constructor(options: DeletionsOptions) {
    this.#options = options;
    this.#state = options.state;
  }

  /** Kept across restarts. */
  get state(): BrakeState {
    return this.#state;
  }

  /** A person approved so many that are wanted now; whatever comes after is counted from nothing. */
  release(allowance: number): void {
    this.#state = approve(allowance);
    this.#options.changed();
  }

  /** An approval that was given before it was known what is wanted covers so many. */
  limitAllowance(wanted: number): void {
    const { allowance = 0 } = this.#state;
    if (allowance > wanted) this.#state = { ...this.#state, allowance: wanted };
  }

  /** Stops them for another reason than their number. */
  stop(reason: string): void {
    this.#state = stop(this.#state, reason);
    this.#options.changed();
  }

  /** How many would go with some deletions, as far as it is known of each what it takes along. */
  countOf(going: readonly ObjectKey[]): number {
    return going.reduce((sum, key) => sum + (this.#weights.get(key) ?? 1), 0);
  }

  /**
   * Asked before each deletion; counts it.
   * @param count with all that it takes along
   */
  mayDelete(key: ObjectKey, count: number): boolean {
    if (count > 1) this.#weights.set(key, count);
    const before = this.#state.stopped;
    const { allowed, state } = this.#ask(this.#state, placeOf(key).namespace, count);
    this.#state = state;
    this.#options.changed();
    if (before === undefined && state.stopped !== undefined) this.#tell(state.stopped);
    return allowed;
  }

  /** The replica refused it: each further attempt would be counted as one more deletion. */
  wasRefused(key: ObjectKey, count: number): void {
    this.#state = takeBack(this.#state, placeOf(key).namespace, count);
    this.#options.changed();
  }

  /** Looks at all that would be deleted before any of it is: what is too much at once is not begun. */
  check(going: readonly ObjectKey[]): void {
    let state = this.#state;
    if (state.stopped !== undefined) return;
    for (const [namespace, keys] of Map.groupBy(going, (key) => placeOf(key).namespace))
      ({ state } = this.#ask(state, namespace, keys.length));
    if (state.stopped === undefined) return;
    this.#tell(state.stopped);
    this.stop(state.stopped);
  }

  #ask(state: BrakeState, namespace: string, count: number) {
    const { replicaCache, clock, limits } = this.#options;
    // A cluster-scoped object may take objects of namespaces along; they are counted together with it.
    const request = { namespace, count, copies: Math.max(replicaCache.countIn(namespace), count) };
    return brake(state, request, clock.now().getTime(), limits);
  }

  #tell(reason: string): void {
    const { replica, warn } = this.#options;
    warn(
      `replica ${replica}: deletions are stopped: ${reason}. Look at what was deleted on the primary, then \`approve\`.`,
    );
  }
}
