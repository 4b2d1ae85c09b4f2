/** Which cluster the controller runs in. */
import { retry } from '../../../../src/async/retry.ts';
import type { Clock } from '../../../../src/clock.ts';
import { messageOf } from '../../../../src/errors.ts';
import { isForbidden, mayPass } from '../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { uidOf, unidentified } from '../../clusters/cluster.ts';

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
  const until = clock.monotonic() + FORBIDDEN_MS;
  const ask = async () => (await uidOf(own, { signal })) ?? unidentified('local', own).id;
  const failed = (error: unknown): void => {
    const isLasting = isForbidden(error) ? clock.monotonic() >= until : !mayPass(error);
    if (isLasting) throw error;
  };
  try {
    return await retry(ask, { pause, clock, signal, failed });
  } catch (error) {
    if (signal.aborted || !isForbidden(error)) throw error;
    warn(`this cluster is known by its address only, and by another name to others: ${messageOf(error)}`);
    return unidentified('local', own).id;
  }
}
