/** Work that is done again and again. */
import type { Clock } from '../clock.ts';

export interface RepeatOptions {
  /** The pause between two times, in milliseconds. */
  readonly periodMs: number;
  /** There is a pause before the first time too. */
  readonly pauseFirst?: boolean;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly signal: AbortSignal;
}

/**
 * Does the work at intervals until the signal is aborted, and resolves then.
 * @throws what the work throws
 */
export async function repeat(
  work: () => unknown,
  { periodMs, pauseFirst = false, clock, signal }: RepeatOptions,
): Promise<void> {
  const pause = () => clock.sleep(periodMs, signal).catch(() => undefined);
  if (pauseFirst) await pause();
  while (!signal.aborted) {
    await work();
    await pause();
  }
}
