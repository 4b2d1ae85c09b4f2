/** Clocks of tests: one that stands still until a test moves it, and one that never waits. */
import { nextTurn } from '../../../src/async/next-turn.ts';
import type { Clock } from '../../../src/clock.ts';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

export interface FakeClock extends Clock {
  /** Moves both clocks on, and lets everything that was asleep until then go on, in order. */
  advance(ms: number): Promise<void>;
  /** Moves only the wall clock: somebody set it, or the machine slept. */
  jump(ms: number): void;
}

/** Lets everything that waits for promises only go on, until nothing moves. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await nextTurn();
}

/** A clock on which every sleep is over at once, and which then shows that it has passed. */
export function hastyClock(): Clock {
  let elapsed = 0;
  return {
    monotonic: () => elapsed,
    now: () => new Date(elapsed),
    async sleep(ms, signal) {
      elapsed += ms;
      await nextTurn();
      signal?.throwIfAborted();
    },
  };
}

export function fakeClock(start = '2026-01-01T00:00:00.000Z'): FakeClock {
  let elapsed = 0;
  let wall = Date.parse(start);
  const sleepers = new Set<Sleeper>();
  const sleepUntil = (until: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const sleeper = { until, wake: resolve };
      sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        if (sleepers.delete(sleeper)) reject(signal.reason);
      });
    });
  const next = (until: number) =>
    [...sleepers].filter((sleeper) => sleeper.until <= until).sort((a, b) => a.until - b.until)[0];
  return {
    monotonic: () => elapsed,
    now: () => new Date(wall),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      await sleepUntil(elapsed + Math.max(0, ms), signal);
    },
    jump(ms) {
      wall += ms;
    },
    async advance(ms) {
      const end = elapsed + ms;
      await settle();
      for (let sleeper = next(end); sleeper; sleeper = next(end)) {
        sleepers.delete(sleeper);
        const step = Math.max(0, sleeper.until - elapsed);
        elapsed += step;
        wall += step;
        sleeper.wake();
        await settle();
      }
      wall += end - elapsed;
      elapsed = end;
    },
  };
}
