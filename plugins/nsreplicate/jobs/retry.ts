/** When to try again what failed, and when to stop trying by itself. Pure. */
import { backOff } from '../../../src/async/back-off.ts';

/**
 * What a failure means for the work at hand.
 * - `later`: the replica or somebody else has to change first (away, busy, forbidden, a namespace on its way
 *   out); tried again for ever, ever more slowly.
 * - `object`: the replica refuses this very object (invalid, a webhook, immutable, too large): a few tries.
 * - `lasting`: the replica has to change first, which no moment brings (it does not know a field): tried again now and
 *   then, and by a single comparison not at all.
 * - `decision`: a person has to decide (a conflict with another manager, not ours): parked at once.
 */
export type FailureClass = 'later' | 'object' | 'lasting' | 'decision';

export interface Failure {
  readonly class: FailureClass;
  /** A few words that group like failures: `webhook`, `invalid`, `not-ours`. */
  readonly reason: string;
  readonly message: string;
  /** Milliseconds that the server asked to wait. */
  readonly retryAfterMs?: number | undefined;
}

/** The failures of one object on one replica since its last success or its last new version. */
export interface RetryState {
  readonly attempts: number;
  readonly failure: Failure;
  /** Milliseconds until the next attempt; undefined: parked until a person or a newer version says so. */
  readonly retryInMs: number | undefined;
}

/** What a replica refuses so often is not tried again by itself, in a watch and in a single comparison alike. */
export const ATTEMPTS = 6;
const pauses = { firstMs: 250, mostMs: 30_000 };

/** The state after one more failure. */
export function afterFailure(
  before: RetryState | undefined,
  failure: Failure,
  random: () => number = Math.random,
): RetryState {
  const attempts = (before?.attempts ?? 0) + 1;
  const parked = failure.class === 'decision' || (failure.class === 'object' && attempts >= ATTEMPTS);
  if (parked) return { attempts, failure, retryInMs: undefined };
  const pause = failure.class === 'lasting' ? pauses.mostMs : backOff(attempts - 1, pauses, random);
  return { attempts, failure, retryInMs: Math.max(pause, failure.retryAfterMs ?? 0) };
}

/** Whether only a person or a newer version lets it be tried again. */
export const isParked = ({ retryInMs }: RetryState): boolean => retryInMs === undefined;
