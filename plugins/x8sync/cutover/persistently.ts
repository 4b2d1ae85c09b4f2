/** Work for clusters that may be away for a while, in a cutover: its workloads stand still meanwhile. */
import { retry } from '../../../src/async/retry.ts';
import type { Clock } from '../../../src/clock.ts';
import { mayPass } from '../../../src/kube/api/api-error.ts';

/** An API server that is upgraded is away for half a minute. */
export const limitMs = 60_000;
const pause = { firstMs: 1000, mostMs: 1000 };

/**
 * Does it again where a cluster does not answer, until that may be called lasting.
 *
 * @param work may be done again, to the same end.
 */
export function persistently<T>(
  work: () => Promise<T>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  const until = clock.monotonic() + limitMs;
  const failed = (error: unknown): void => {
    const passes = mayPass(error) || mayPass((error as Error).cause);
    if (!passes || clock.monotonic() >= until) throw error;
  };
  return retry(work, { pause, clock, signal, failed });
}
