/** Objects that were put right lately, to tell a hand that slipped from somebody who wants it otherwise. */
import type { ObjectKey } from './keys.ts';

/** More than so many corrections of one object within the window: something else changes it back each time. */
const MOST = 5;
const WINDOW_MS = 60_000;

export class Corrections {
  readonly #times = new Map<ObjectKey, number[]>();

  /** One more, at a monotonic time; returns how many there were lately where that is a fight, counted anew then. */
  note(key: ObjectKey, now: number): number | undefined {
    const recent = [...(this.#times.get(key) ?? []), now].filter((at) => now - at < WINDOW_MS);
    this.#times.set(key, recent);
    if (recent.length < MOST) return undefined;
    this.#times.delete(key);
    return recent.length;
  }
}
