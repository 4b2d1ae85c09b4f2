/** Growing pauses between attempts. */
import type { Clock } from '../clock.ts';

/** The first pause and the longest one, in milliseconds. */
export interface PauseLimits {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * Milliseconds to wait before the next attempt after so many failures (from 0): doubling from `firstMs` to
 * `mostMs`, then spread over 100–200 % so that many clients don't come back at once (client-go's reflector).
 */
export function backOff(
  failures: number,
  { firstMs, mostMs }: PauseLimits,
  random: () => number = Math.random,
): number {
  return Math.min(mostMs, firstMs * 2 ** failures * (1 + random()));
}

/** The pauses of work that is tried again and again: each is longer than the last one, until the work has succeeded. */
export class GrowingPauses {
  readonly #limits: PauseLimits;
  readonly #clock: Clock;
  readonly #random: (() => number) | undefined;
  #failures = 0;

  /** @param random as that of {@link backOff} */
  constructor(limits: PauseLimits, clock: Clock, random?: () => number) {
    this.#limits = limits;
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether there was no pause since the work last succeeded. */
  get isFirst(): boolean {
    return this.#failures === 0;
  }

  /** The work has succeeded: the next pause is a first one. */
  reset(): void {
    this.#failures = 0;
  }

  /** Waits. @throws the signal's reason once it is aborted */
  async wait(signal?: AbortSignal): Promise<void> {
    await this.#clock.sleep(backOff(this.#failures++, this.#limits, this.#random), signal);
  }
}
