/** How often a copy is tried again after a lost connection: what breaks at the same file each time must come to an end. */

/** In any case. */
const most = 100;
/** An attempt that brought something and lasted so long was worth it. */
const worthMs = 10_000;
const longestDelay = 16;

export class RetryBudget {
  /** How many there were. */
  count = 0;
  /** Seconds until the next one. */
  delay = 1;
  readonly #retries: number;
  #idle = 0;

  /** @param retries attempts in a row that broke before they had got far. */
  constructor(retries: number) {
    this.#retries = retries;
  }

  /** Notes one that broke; false where there is to be no other. */
  broke(moved: number, ms: number): boolean {
    if (moved > 0 && ms > worthMs) {
      this.#idle = 0;
      this.delay = 1;
    } else this.#idle += 1;
    return this.#idle < this.#retries && this.count < most;
  }

  /** Seconds to wait now; the next time it is longer. */
  nextDelay(): number {
    const now = this.delay;
    this.delay = now < longestDelay ? now * 2 : longestDelay;
    return now;
  }
}
