/** Objects that something on a replica changes back or deletes, however often they are put right or made anew. */
import type { Failure } from '../jobs/retry.ts';
import type { ObjectKey } from '../objects/keys.ts';

/** More than so many corrections of one object within the window: something else wants it otherwise. */
const MOST = 5;
const WINDOW_MS = 60_000;
const REASON = 'fought-over';

interface Corrections {
  /** What was done, and of which original. */
  readonly about: string;
  readonly times: readonly number[];
}

export class Flapping {
  /** Corrections of objects that were put right or made lately; what is older than two windows is forgotten. */
  #recent = new Map<ObjectKey, Corrections>();
  #older = new Map<ObjectKey, Corrections>();
  #since = 0;

  /**
   * An object was put right, or made. The failure that it is, where that was too often; counted from nothing again then.
   * @param of uid of the original: one that is made anew on the primary is another object
   * @param now milliseconds of a monotonic clock
   */
  corrected(key: ObjectKey, of: string, did: 'put-right' | 'created', now: number): Failure | undefined {
    this.#turn(now);
    const before = this.#recent.get(key) ?? this.#older.get(key);
    const about = `${did} ${of}`;
    const times = before?.about === about ? before.times : [];
    const recent = [...times, now].filter((at) => now - at < WINDOW_MS);
    this.#recent.set(key, { about, times: recent });
    if (recent.length < MOST) return undefined;
    this.forget(key);
    const [what, done] = did === 'created' ? ['deletes it', 'made'] : ['changes it back', 'put right'];
    const message = `something on the replica ${what} each time; it was ${done} ${recent.length} times within a minute`;
    return { class: 'decision', reason: REASON, message };
  }

  forget(key: ObjectKey): void {
    this.#recent.delete(key);
    this.#older.delete(key);
  }

  /** Tens of thousands of objects may be made in a minute: they are not kept for longer than they are of use. */
  #turn(now: number): void {
    if (now - this.#since < WINDOW_MS) return;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#since = now;
  }
}

/** Each further change there would be one more reason to put it right: only a person ends that, or the primary. */
export const isFlapping = (failure: Failure | undefined): boolean => failure?.reason === REASON;
