/** Attempts that follow each other until one succeeds. */
import type { Clock } from '../clock.ts';
import { backOff } from './back-off.ts';

export interface RetryOptions {
  /** How the pauses between attempts grow, in milliseconds. */
  readonly pause: { readonly firstMs: number; readonly mostMs: number };
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Hears each failure; whatever it throws ends the attempts and is what `retry` rejects with. */
  readonly failed: (error: unknown) => void;
}

/**
 * Resolves with what the first attempt that succeeds resolves with.
 * @throws what `failed` throws, or the signal's reason once it is aborted
 */
export async function retry<T>(
  attempt: (failures: number) => Promise<T>,
  { pause, clock, signal, failed }: RetryOptions,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted();
    try {
      return await attempt(failures);
    } catch (error) {
      signal.throwIfAborted();
      failed(error);
    }
    await clock.sleep(backOff(failures, pause), signal);
  }
}
