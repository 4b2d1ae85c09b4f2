/** Asks a cluster until it answers. */
import { retryUntilAborted } from '../../../src/async/retry.ts';
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { wakingClock } from '../../../src/kube/watch/waking-clock.ts';

const pause = { firstMs: 500, mostMs: 30_000 };

export interface AskUntilAnsweredOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A defect of this program. */
  readonly broken: (error: unknown) => void;
}

/** Asks a cluster again and again: one that does not answer for a while must not end a watch. */
export async function askUntilAnswered(
  kube: KubeClient,
  ask: () => Promise<void>,
  { clock, signal, broken }: AskUntilAnsweredOptions,
): Promise<void> {
  const failed = (error: unknown): void => {
    if (!(error instanceof X8sError)) throw error;
  };
  await retryUntilAborted(ask, { pause, clock: wakingClock(kube, clock), signal, failed }).catch(broken);
}
