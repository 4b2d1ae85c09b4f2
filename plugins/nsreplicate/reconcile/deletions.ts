/** The brake on deletions, at work on one replica. */
import type { Clock } from '../../../src/clock.ts';
import type { ReplicaCache } from '../cache/replica-cache.ts';
import { ApprovedDeletions } from '../decide/approved.ts';
import { type BrakeLimits, type BrakeState, brake, released, stop, takeBack } from '../decide/brake.ts';
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

  readonly #approved: ApprovedDeletions;
  /** Those that are under way, or were done, since they were approved. */
  readonly #used = new Set<ObjectKey>();

  constructor(options: DeletionsOptions) {
    this.#options = options;
    const { deletions, stopped, approved } = options.state;
    this.#state = { deletions, ...(stopped !== undefined && { stopped }) };
    this.#approved = new ApprovedDeletions(approved);
  }

  /** Kept across restarts. */
  get state(): BrakeState {
    const approved = this.#approved.saved;
    return approved === undefined ? this.#state : { ...this.#state, approved };
  }

  /** Why they stand still; undefined while they may go on. */
  get stopped(): string | undefined {
    return this.#state.stopped;
  }

  /**
   * A person approved what was shown, where they are stopped; whatever comes after is counted from nothing.
   * @param shown undefined: what is wanted is not known yet, and whatever the first comparison finds is approved
   */
  release(shown: readonly ObjectKey[] | undefined): void {
    if (this.stopped === undefined) return;
    this.#state = released;
    this.#approved.approve(shown && this.#weighed(shown));
    this.#options.changed();
  }

  /** The first comparison found these, and all others that were approved are wanted no more. */
  found(wanted: readonly ObjectKey[]): void {
    this.#approved.found(this.#weighed(wanted));
  }

  /** Its original is on the primary after all, or the copy is gone: should it ever be wanted, it is measured anew. */
  lapse(key: ObjectKey): void {
    this.#used.delete(key);
    if (this.#approved.lapse(key)) this.#options.changed();
  }

  #weighed(keys: readonly ObjectKey[]): ReadonlyMap<ObjectKey, number> {
    return new Map(keys.map((key) => [key, this.#weight(key)]));
  }

  /** How many go with it, as far as that is known. */
  #weight(key: ObjectKey): number {
    return this.#weights.get(key) ?? 1;
  }

  /** Stops them for another reason than their number. */
  stop(reason: string): void {
    this.#state = stop(this.#state, reason);
    this.#options.changed();
  }

  /**
   * Asked before each deletion; counts it, where it was not approved.
   * @param count with all that it takes along
   */
  mayDelete(key: ObjectKey, count: number): boolean {
    if (count > 1) this.#weights.set(key, count);
    const before = this.stopped;
    if (before === undefined && this.#approved.covers(key, count)) {
      this.#approved.use(key);
      this.#used.add(key);
      this.#options.changed();
      return true;
    }
    const { allowed, state } = this.#ask(this.#state, placeOf(key).namespace, count);
    this.#state = state;
    this.#options.changed();
    if (before === undefined && state.stopped !== undefined) this.#tell(state.stopped);
    return allowed;
  }

  /** The replica refused it: each further attempt would be counted as one more deletion. */
  wasRefused(key: ObjectKey, count: number): void {
    if (this.#used.delete(key)) this.#approved.giveBack(key, count);
    else this.#state = takeBack(this.#state, placeOf(key).namespace, count);
    this.#options.changed();
  }

  /** Looks at all that would be deleted before any of it is: what is too much at once is not begun. */
  check(going: readonly ObjectKey[]): void {
    let state = this.#state;
    if (state.stopped !== undefined) return;
    const measured = going.filter((key) => !this.#approved.covers(key, this.#weight(key)));
    for (const [namespace, keys] of Map.groupBy(measured, (key) => placeOf(key).namespace))
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
