/** Time, as an engine sees it: handed in, so that tests own it. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds of a clock that never goes back; only differences mean something. */
  monotonic(): number;
  /** Wall time, for what people read; and, beside the other, to notice that the machine slept. */
  now(): Date;
  /** Resolves after so many milliseconds, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A moment by both clocks, in milliseconds. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export const momentOf = (clock: Clock): Moment => ({
  monotonic: clock.monotonic(),
  wall: clock.now().getTime(),
});

/**
 * Milliseconds that have passed since a moment, at least, for what another process relies on. A machine that sleeps stops
 * its monotonic clock but not its wall clock, so the larger of both is believed.
 */
export const msSince = ({ monotonic, wall }: Moment, clock: Clock): number =>
  Math.max(clock.monotonic() - monotonic, clock.now().getTime() - wall);

/** The machine's own clock. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  now: () => new Date(),
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, signal ? { signal } : {});
    } catch {
      signal?.throwIfAborted();
    }
  },
};
