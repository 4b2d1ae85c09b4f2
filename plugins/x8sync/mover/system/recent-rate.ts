/** How much comes in a second now, and not on average since the begin. Pure. */

/** A rate is of so many milliseconds: shorter ones jump, longer ones tell of what is over. */
const windowMs = 5000;

export class RecentRate {
  /** Sums, the oldest first. */
  readonly #samples: { readonly bytes: number; readonly at: number }[];

  /** @param now milliseconds of a clock that nobody sets. */
  constructor(now: number) {
    this.#samples = [{ bytes: 0, at: now }];
  }

  /** Bytes a second over the last seconds, where so many have come in all by now. */
  next(bytes: number, now: number): number {
    this.#samples.push({ bytes, at: now });
    // What was before it stands for no rate of now; two are needed for one.
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > windowMs) this.#samples.shift();
    const [first = { bytes, at: now }] = this.#samples;
    const ms = Math.max(1, now - first.at);
    // What was done in vain is taken off again.
    return Math.max(0, Math.round(((bytes - first.bytes) * 1000) / ms));
  }
}
