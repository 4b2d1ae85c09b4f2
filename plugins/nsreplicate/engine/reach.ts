/** Waiting for a cluster that does not answer. */
import type { Clock } from '../../../src/clock.ts';
import { backOff } from '../../../src/kube/back-off.ts';
import { isAway } from './failure.ts';
import type { Site } from './site.ts';

const pause = { firstMs: 250, mostMs: 5000 };

/** Resolves when the cluster answers, or `over` says that nobody waits any more, or the signal aborts. */
export async function untilAnswering(
  { kube }: Site,
  { clock, signal, over }: { clock: Clock; signal: AbortSignal; over: () => boolean },
): Promise<void> {
  for (let failures = 0; !over() && !signal.aborted; failures++) {
    await clock.sleep(backOff(failures, pause), signal).catch(() => undefined);
    const request = kube.request({ method: 'GET', path: '/version', signal, timeoutMs: 5000 });
    const answered = await request.then(
      () => true,
      (error) => !isAway(error),
    );
    if (answered) return;
  }
}
