/** Waiting for a cluster that does not answer right now. */
import type { Clock } from '../../clock.ts';
import { UnreachableError } from '../../errors.ts';
import type { CallOptions, KubeClient } from '../api/client.ts';

/** Milliseconds between two questions, and for the answer to one. */
const [pause, limit] = [750, 1_500];

/** Whether the API server answers anything at all. Rejects with the signal's reason. */
export async function answers(
  kube: KubeClient,
  { signal, timeoutMs = limit }: CallOptions,
): Promise<boolean> {
  try {
    await kube.request({ method: 'GET', path: '/version', signal, timeoutMs });
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    // What it says instead is an answer as well.
    return !(error instanceof UnreachableError);
  }
}

/** Resolves as soon as the API server answers. A question in a second or two costs nobody anything. */
export async function untilAnswers(
  kube: KubeClient,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  do await clock.sleep(pause, signal);
  while (!(await answers(kube, { signal })));
}

export interface OutageOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Hears each failure that an outage was. */
  readonly failed: (error: UnreachableError) => void;
}

/** Resolves as the first attempt does that is not kept from it by an outage; rejects as that one does. */
export async function acrossOutages<T>(
  kube: KubeClient,
  attempt: () => Promise<T>,
  { clock, signal, failed }: OutageOptions,
): Promise<T> {
  for (;;)
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UnreachableError)) throw error;
      failed(error);
      await untilAnswers(kube, { clock, signal });
    }
}
