/** How often objects were put right lately: a fight with something else is left to a person. */

/** More than so many corrections of one object within the window: something else wants it otherwise. */
const fight = { corrections: 5, windowMs: 60_000 };

export class Corrections {
  /** By time, of objects that were put right lately. */
  readonly #times = new Map<string, number[]>();

  /** Counts one more; returns how many there were lately where those are too many, and begins anew. */
  tooMany(key: string, now: number): number | undefined {
    const recent = [...(this.#times.get(key) ?? []), now].filter((at) => now - at < fight.windowMs);
    this.#times.set(key, recent);
    if (recent.length < fight.corrections) return undefined;
    this.#times.delete(key);
    return recent.length;
  }
}
