/** Keeps to a rate. */
import { pause } from './programs.ts';

const units: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
/** A shorter pause would be none. */
const leastMs = 5;

export class Pace {
  readonly #bytesPerMs: number;
  /** When all that was taken so far may have come. */
  #due = 0;

  /** @param rate as rsync's --bwlimit takes it: `10M`; empty for no limit. */
  constructor(rate: string) {
    const [, number, unit = ''] = /^([\d.]+)([KMG])$/i.exec(rate) ?? [];
    const bytes = Number(number) * (units[unit.toUpperCase()] ?? 1);
    this.#bytesPerMs = number === undefined ? Number.POSITIVE_INFINITY : bytes / 1000;
  }

  /** Resolves once so many bytes more are within the rate. @throws the signal's reason. */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined {
    const now = performance.now();
    this.#due = Math.max(this.#due, now) + bytes / this.#bytesPerMs;
    return this.#due - now < leastMs ? undefined : pause(this.#due - now, signal);
  }
}
