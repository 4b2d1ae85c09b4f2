/** Bounds a rate: who takes more than has come in waits until that has. */
import { SerialQueue } from '../../../src/async/serial-queue.ts';
import { type Clock, systemClock } from '../../../src/clock.ts';

/** Seconds of the rate that may be taken at once after a pause. */
const burst = 0.25;

export class TokenBucket {
  readonly #rate: number;
  readonly #clock: Clock;
  readonly #turn = new SerialQueue();
  /** Negative where more was taken than had come in. */
  #left: number;
  #counted: number;

  /** @param rate bytes a second. */
  constructor(rate: number, clock = systemClock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#counted = clock.monotonic();
    this.#left = rate * burst;
  }

  /** Resolves in the order of the calls, each once what was taken before has come in. */
  take(bytes: number): Promise<void> {
    return this.#turn.run(async () => {
      this.#fill();
      if (this.#left < 0) await this.#clock.sleep((-this.#left / this.#rate) * 1000);
      this.#fill();
      this.#left -= bytes;
    });
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const come = ((now - this.#counted) / 1000) * this.#rate;
    this.#left = Math.min(this.#rate * burst, this.#left + come);
    this.#counted = now;
  }
}
