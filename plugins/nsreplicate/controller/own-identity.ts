/** Which cluster the controller runs in. */
import { GrowingPauses } from '../../../src/async/back-off.ts';
import type { Clock } from '../../../src/clock.ts';
import { messageOf } from '../../../src/errors.ts';
import { isForbidden, mayPass } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { uidOf, unidentified } from '../clusters/cluster.ts';

const pause = { firstMs: 500, mostMs: 8000 };
/** An API server that has just started refuses what it allows a moment later, once it has read its roles. */
const FORBIDDEN_MS = 60_000;

export interface OwnIdentityOptions {
  readonly own: KubeClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
}

/**
 * Asks until the cluster says who it is. Who may not read that for a whole minute gets the digest of its address, as any
 * task in such a cluster does. Rejects with the signal's reason.
 */
export async function ownIdentity({ own, clock, signal, warn }: OwnIdentityOptions): Promise<string> {
  const pauses = new GrowingPauses(pause, clock);
  const until = clock.monotonic() + FORBIDDEN_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      return (await uidOf(own, { signal })) ?? unidentified('local', own).id;
    } catch (error) {
      signal.throwIfAborted();
      if (!isForbidden(error) && !mayPass(error)) throw error;
      if (isForbidden(error) && clock.monotonic() >= until) {
        warn(`this cluster is known by its address only, and by another name to others: ${messageOf(error)}`);
        return unidentified('local', own).id;
      }
    }
    await pauses.wait(signal);
  }
}
