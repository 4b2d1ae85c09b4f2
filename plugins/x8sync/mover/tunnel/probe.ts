/** Whether the source answers at the end of its tunnel. */

import type { MessageWriter } from '../protocol/runtime.ts';
import { type Probe, probe } from '../ssh/addresses.ts';
import { listeningSocket } from '../system/listening.ts';
import type { TunnelServer } from './server.ts';

/** As long as ssh itself waits for a connection. */
const defaultPatienceMs = 10_000;

/** What a listener at the tunnel's port is called while it is knocked at, or has given no answer. */
const silent = 'the tunnel of the source is silent';

/**
 * Knocks at the tunnel's port once for each tunnel. Every knock is work for the sshd that holds the port, which begins
 * anew then to wait for a word of the source's: knocked at once a second, it would never find out that the line has
 * fallen silent, and would hold the port for good. One that gives no answer in time is ended here, so that the source,
 * which has given it up as well, gets the port when it dials the next time.
 *
 * @param patienceMs how long a tunnel may take to answer.
 */
export function tunnelProbe(
  tunnel: Pick<TunnelServer, 'forwardedPort' | 'endConnections'>,
  messages: Pick<MessageWriter, 'log'>,
  patienceMs = defaultPatienceMs,
): Probe {
  let knockedAt: string | undefined;
  return async (address, signal, options) => {
    const { forwardedPort } = tunnel;
    const listener = listeningSocket(forwardedPort);
    if (address.port !== forwardedPort || listener === undefined) return probe(address, signal, options);
    if (listener === knockedAt) return silent;
    knockedAt = listener;
    const reason = await probe(address, signal, { bannerMs: patienceMs });
    if (reason === undefined || signal.aborted) knockedAt = undefined;
    else if (listeningSocket(forwardedPort) === listener) {
      messages.log(
        'warning',
        'nothing comes through the tunnel any more: it is ended, for the source to dial anew',
      );
      await tunnel.endConnections();
    }
    return reason;
  };
}
