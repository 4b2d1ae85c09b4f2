/** Objects that something on a replica changes back or deletes, however often they are put right or made anew. */
import type { Failure } from '../jobs/retry.ts';
import type { ObjectKey } from '../objects/keys.ts';

/** So many corrections of one object within the window: something else wants it otherwise. */
const MOST = 5;
const MINUTE_MS = 60_000;
/** The word for it in records and documents. */
const REASON = 'fought-over';

export type Correction = 'put-right' | 'created';

/**
 * What changes a copy back may be slow: an autoscaler looks every 15 seconds. What
 * is made by the thousand, and may well go again by itself, is counted for a short while only.
 */
const windowsMs: Readonly<Record<Correction, number>> = { 'put-right': 10 * MINUTE_MS, created: MINUTE_MS };

interface Corrections {
  /** uid of the original. */
  readonly of: string;
  /** Milliseconds. */
  readonly times: readonly number[];
}

export class Flapping {
  readonly #counts: Readonly<Record<Correction, Recent>> = {
    'put-right': new Recent(windowsMs['put-right']),
    created: new Recent(windowsMs.created),
  };

  /**
   * An object was put right, or made. The failure that it is, where that was too often; counted from nothing again then.
   * @param of uid of the original: one that is made anew on the primary is another object
   * @param now milliseconds of a monotonic clock
   */
  corrected(key: ObjectKey, of: string, did: Correction, now: number): Failure | undefined {
    const times = this.#counts[did].add(key, of, now);
    if (times.length < MOST) return undefined;
    this.forget(key);
    const [what, done] = did === 'created' ? ['deletes it', 'made'] : ['changes it back', 'put right'];
    const message = `something on the replica ${what} each time; it was ${done} ${times.length} times within ${inWords(now - (times[0] ?? now))}`;
    return { class: 'decision', reason: REASON, message };
  }

  forget(key: ObjectKey): void {
    for (const recent of Object.values(this.#counts)) recent.forget(key);
  }
}

/** Corrections of objects within a window; what is older than two windows is forgotten. */
class Recent {
  readonly #windowMs: number;
  #recent = new Map<ObjectKey, Corrections>();
  #older = new Map<ObjectKey, Corrections>();
  #since = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Adds one, and returns the times of those within the window. */
  add(key: ObjectKey, of: string, now: number): readonly number[] {
    this.#turn(now);
    const before = this.#recent.get(key) ?? this.#older.get(key);
    const times = [...(before?.of === of ? before.times : []), now].filter((at) => now - at < this.#windowMs);
    this.#recent.set(key, { of, times });
    return times;
  }

  forget(key: ObjectKey): void {
    this.#recent.delete(key);
    this.#older.delete(key);
  }

  /** Tens of thousands of objects may be made in a minute: they are not kept for longer than they are of use. */
  #turn(now: number): void {
    if (now - this.#since < this.#windowMs) return;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#since = now;
  }
}

function inWords(elapsedMs: number): string {
  const minutes = Math.max(1, Math.ceil(elapsedMs / MINUTE_MS));
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}

/** Only a person, or a change on the primary, lets such an object be put right again. */
export const isFlapping = (failure: Failure | undefined): boolean => failure?.reason === REASON;
