/** When failed changes are tried again: after a second, then after pauses that double. */
import type { Clock } from '../../../src/clock.ts';

/** Milliseconds. */
const [first, last] = [1000, 30_000];

export class Retry {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #onDue: () => void;
  #pause = first;
  #isPlanned = false;
  #isDue = false;

  constructor(clock: Clock, signal: AbortSignal, onDue: () => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#onDue = onDue;
  }

  /** Nothing has failed since all was well. */
  get isFirst(): boolean {
    return this.#pause === first;
  }

  /** The time has come, and nothing was tried since. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** It is tried now. */
  begin(): void {
    this.#isDue = false;
  }

  /** All is well: the next failure is a first one. */
  reset(): void {
    this.#pause = first;
  }

  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#clock.sleep(this.#pause, this.#signal).then(
      () => {
        [this.#isPlanned, this.#isDue] = [false, true];
        this.#onDue();
      },
      () => {},
    );
    this.#pause = Math.min(this.#pause * 2, last);
  }
}
