/** Objects that something on a replica changes back, however often they are put right. */
import type { Failure } from '../jobs/retry.ts';
import type { ObjectKey } from './keys.ts';

/** More than so many corrections of one object within the window: something else wants it otherwise. */
const MOST = 5;
const WINDOW_MS = 60_000;
const REASON = 'fought-over';

export class Fights {
  /** Corrections by time, of objects that were put right lately. */
  readonly #corrections = new Map<ObjectKey, number[]>();

  /** An object was put right. The failure that it is, where that was too often; counted from nothing again then. */
  corrected(key: ObjectKey, now: number): Failure | undefined {
    const recent = [...(this.#corrections.get(key) ?? []), now].filter((at) => now - at < WINDOW_MS);
    this.#corrections.set(key, recent);
    if (recent.length < MOST) return undefined;
    this.#corrections.delete(key);
    const message = `something on the replica changes it back each time; it was put right ${recent.length} times within a minute`;
    return { class: 'decision', reason: REASON, message };
  }

  forget(key: ObjectKey): void {
    this.#corrections.delete(key);
  }
}

/** Each further change there would be one more reason to put it right: only a person ends that, or the primary. */
export const isFought = (failure: Failure | undefined): boolean => failure?.reason === REASON;
