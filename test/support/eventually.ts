/** Expectations that come true after a while. */
import { setTimeout as sleep } from 'node:timers/promises';
import { slowness } from './slowness.ts';

const isOnClusters = process.env.X8S_CONTEXT_A !== undefined;
/**
 * Most things come true soon; those that take long are looked at more and more seldom: on clusters each look costs. One
 * that starts a program costs more than others, and takes longer: what is waited for has as much of the time.
 */
const [firstPauseMs, longestPauseMs] = [5, isOnClusters ? 100 : 50];
/** On clusters, things take their time on a busy machine; most unit tests themselves have no longer than 20 s. */
const patienceMs = () => (isOnClusters ? 120_000 : 20_000) * slowness();

/** Thrown by an attempt after which no other one can succeed: it ends the attempts at once. */
export class HopelessError extends Error {
  override readonly name = 'HopelessError';
}

/**
 * Calls `attempt` until it does not throw, and resolves with what it returned.
 * @throws what it threw last, once `limitMs` milliseconds have passed, or a {@link HopelessError} at once
 */
export async function eventually<T>(attempt: () => T | Promise<T>, limitMs = patienceMs()): Promise<T> {
  const end = performance.now() + limitMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const began = performance.now();
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof HopelessError || performance.now() > end) throw error;
      await sleep(isOnClusters ? Math.max(pauseMs, performance.now() - began) : pauseMs);
    }
  }
}

/** As {@link eventually}, for a value that must pass a check; the error shows the value that was seen last. */
export function eventuallySees<T>(
  look: () => T | Promise<T>,
  check: (seen: T) => boolean,
  limitMs?: number,
): Promise<T> {
  return eventually(async () => {
    const seen = await look();
    if (check(seen)) return seen;
    throw new Error(`seen last: ${JSON.stringify(seen, undefined, 1)?.slice(0, 3000)}`);
  }, limitMs);
}

/** Resolves when a figure is beyond a first one, and the same at three looks in a row. */
export async function standingStill(figure: () => number, first = 0): Promise<void> {
  let [last, looks] = [first, 0];
  await eventuallySees(
    async () => {
      const before = last;
      await sleep(longestPauseMs);
      last = figure();
      looks = last === before ? looks + 1 : 1;
      return last;
    },
    (seen) => seen > first && looks > 2,
  );
}
