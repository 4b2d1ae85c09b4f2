/** Attempts that follow each other until one succeeds. */
import type { Clock } from '../clock.ts';
import { GrowingPauses, type PauseLimits } from './back-off.ts';

export interface RetryOptions {
  /** How the pauses between attempts grow. */
  readonly pause: PauseLimits;
  /** There is a pause before the first attempt too: something has failed already. */
  readonly pauseFirst?: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Hears each failure; whatever it throws ends the attempts and is what `retry` rejects with. */
  readonly failed: (error: unknown) => void;
}

/**
 * Resolves with what the first attempt that succeeds resolves with.
 * @param attempt is told how many have failed before it
 * @throws what `failed` throws, or the signal's reason once it is aborted
 */
export async function retry<T>(
  attempt: (failures: number) => Promise<T>,
  { pause, pauseFirst = false, clock, signal, failed }: RetryOptions,
): Promise<T> {
  const pauses = new GrowingPauses(pause, clock);
  if (pauseFirst) await pauses.wait(signal);
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted();
    try {
      return await attempt(failures);
    } catch (error) {
      signal.throwIfAborted();
      failed(error);
    }
    await pauses.wait(signal);
  }
}

/**
 * As {@link retry}, for work that nobody waits for when its signal is aborted: resolves then too.
 * @throws what `failed` throws
 */
export async function retryUntilAborted(
  attempt: (failures: number) => Promise<unknown>,
  options: RetryOptions,
): Promise<void> {
  try {
    await retry(attempt, options);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}
