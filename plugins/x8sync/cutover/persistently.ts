/** Work for clusters that may be away for a while, in a cutover: its workloads stand still meanwhile. */
import { retry } from '../../../src/async/retry.ts';
import type { Clock } from '../../../src/clock.ts';
import { isDenied, mayPass } from '../../../src/kube/api/api-error.ts';

/** An API server that is upgraded is away for half a minute. */
export const limitMs = 60_000;
const pause = { firstMs: 1000, mostMs: 1000 };

/** A server that has just begun refuses what it allows until it has read its roles. */
const deniedMs = 10_000;

export interface Persistence {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** It was allowed a while ago: a refusal may pass as well. */
  readonly wasAllowed?: boolean;
}

/**
 * Does it again where a cluster does not answer, until that may be called lasting.
 *
 * @param work may be done again, to the same end.
 */
export function persistently<T>(
  work: () => Promise<T>,
  { clock, signal, wasAllowed = false }: Persistence,
): Promise<T> {
  const since = clock.monotonic();
  const failed = (error: unknown): void => {
    const errors = [error, (error as Error).cause];
    const spent = clock.monotonic() - since;
    const passes = errors.some(mayPass) && spent < limitMs;
    if (!passes && !(wasAllowed && errors.some(isDenied) && spent < deniedMs)) throw error;
  };
  return retry(work, { pause, clock, signal, failed });
}
