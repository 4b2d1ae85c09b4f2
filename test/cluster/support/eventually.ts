/** Expectations that come true after a while. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Tries until it does not throw any more; throws what it threw last after so many milliseconds. */
export async function eventually<T>(attempt: () => T | Promise<T>, limitMs = 20_000): Promise<T> {
  const until = performance.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(100);
    }
  }
}
