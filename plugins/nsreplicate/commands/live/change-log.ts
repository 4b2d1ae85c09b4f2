/** The last changes, and how many there were lately, for who looks now and then. */
import type { Clock } from '../../../../src/clock.ts';
import type { Meters } from '../../jobs/meters.ts';
import { keyOf, Places, placeOf } from '../../objects/keys.ts';
import type { NamespaceMap } from '../../objects/mapping.ts';
import { type Change, isQuiet } from './change.ts';

const KEPT = 8;
/** Milliseconds that a rate is taken over. */
const WINDOW_MS = 5000;
/** Objects whose failures are known; beyond these each attempt is told. */
const MOST_FAILING = 10_000;

export interface LoggedChange extends Change {
  readonly at: Date;
}

export class ChangeLog {
  readonly #clock: Pick<Clock, 'monotonic' | 'now'>;
  readonly #told: (change: Change) => void;
  readonly #places: Places;
  readonly #last: LoggedChange[] = [];
  /** By replica: changes by the second in which they were made. */
  readonly #counts = new Map<string, Map<number, number>>();
  /** What fails, and why: an attempt that ends as the one before is no news. */
  readonly #failing = new Map<string, string>();

  /**
   * @param told hears of each change, as it is made
   * @param map where namespaces go: a change is told by its place on the replica
   */
  constructor(
    clock: Pick<Clock, 'monotonic' | 'now'>,
    told: (change: Change) => void = () => undefined,
    map: NamespaceMap = new Map(),
  ) {
    this.#clock = clock;
    this.#told = told;
    this.#places = new Places(map);
  }

  /** The last ones, the newest first. */
  get last(): readonly LoggedChange[] {
    return this.#last.toReversed();
  }

  /** The last one on a replica. */
  lastOn(replica: string): LoggedChange | undefined {
    return this.#last.findLast((change) => change.replica === replica);
  }

  /** Changes a second on a replica, lately. */
  rate(replica: string): number {
    const from = Math.floor((this.#clock.monotonic() - WINDOW_MS) / 1000);
    let sum = 0;
    for (const [second, count] of this.#counts.get(replica) ?? []) if (second > from) sum += count;
    return sum / (WINDOW_MS / 1000);
  }

  /** What hears of the work. */
  get meters(): Meters {
    return {
      done: (replica, key, did, started, lagMs) => {
        if (this.#failing.size > 0) this.#failing.delete(`${replica}|${key}`);
        if (isQuiet(did)) return;
        const ms = lagMs ?? this.#clock.now().getTime() - started.getTime();
        this.#count(replica);
        this.#note({ replica, key, did, ms: Math.max(0, ms) });
      },
      failed: (replica, key, reason) => {
        const place = `${replica}|${key}`;
        if (this.#failing.get(place) === reason) return;
        if (this.#failing.size < MOST_FAILING) this.#failing.set(place, reason);
        this.#note({ replica, key, did: 'failed', reason });
      },
    };
  }

  /** @param original by the key of the original */
  #note(original: Change): void {
    const { kind } = placeOf(original.key);
    const { namespace = '', name } = this.#places.onReplica(original.key);
    const change = { ...original, key: keyOf(kind, namespace, name) };
    this.#last.push({ ...change, at: this.#clock.now() });
    if (this.#last.length > KEPT) this.#last.shift();
    this.#told(change);
  }

  #count(replica: string): void {
    const second = Math.floor(this.#clock.monotonic() / 1000);
    const counts = this.#counts.get(replica) ?? new Map<number, number>();
    counts.set(second, (counts.get(second) ?? 0) + 1);
    for (const old of counts.keys()) if (old < second - WINDOW_MS / 1000) counts.delete(old);
    this.#counts.set(replica, counts);
  }
}
