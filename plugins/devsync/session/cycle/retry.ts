/** When failed changes are tried again: after a second, then after pauses that double. */
import { GrowingPauses } from '../../../../src/async/back-off.ts';
import type { Clock } from '../../../../src/clock.ts';

/** Only this process tries, so nobody else comes back at the same time. */
const unspread = () => 0;
const pause = { firstMs: 1_000, mostMs: 30_000 };

export class Retry {
  readonly #signal: AbortSignal;
  readonly #onDue: () => void;
  readonly #pauses: GrowingPauses;
  #isPlanned = false;
  #isDue = false;

  constructor(clock: Clock, signal: AbortSignal, onDue: () => void) {
    this.#pauses = new GrowingPauses(pause, clock, unspread);
    this.#signal = signal;
    this.#onDue = onDue;
  }

  /** Nothing has failed since all was well. */
  get isFirst(): boolean {
    return this.#pauses.isFirst;
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
    this.#pauses.reset();
  }

  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#pauses.wait(this.#signal).then(
      () => {
        [this.#isPlanned, this.#isDue] = [false, true];
        this.#onDue();
      },
      () => {},
    );
  }
}
