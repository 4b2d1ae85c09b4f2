/** How long a server may take to be reached: whoever is not there by then is not there. */
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { OpenSockets } from '../api/open-sockets.ts';

/**
 * Milliseconds for a TCP connection, its name looked up, without TLS: the system of a server that is busy answers as
 * quickly as that of an idle one. A lost packet is sent again after one second, and after three (RFC 6298).
 */
export const reachLimitMs = 3_500;

class NotReached extends Error {
  readonly code = 'ETIMEDOUT';
}

/** Ends a socket that is not connected in time. */
export function limitReach(socket: Socket, limitMs = reachLimitMs): void {
  if (!socket.connecting) return;
  const timer = setTimeout(() => socket.destroy(new NotReached('no connection in time')), limitMs);
  timer.unref();
  for (const event of ['connect', 'close'] as const) socket.once(event, () => clearTimeout(timer));
}

/** undici's own connector, with that limit, and with each connection among those that are looked after. */
export function reachingConnector(
  options: buildConnector.BuildOptions,
  sockets: OpenSockets,
): buildConnector.connector {
  const connect = buildConnector(options) as (...args: Parameters<buildConnector.connector>) => Socket;
  return (target, callback) => {
    const socket = connect(target, (...result) => {
      const [error] = result;
      if (error === null) sockets.add(socket);
      callback(...result);
    });
    limitReach(socket);
  };
}
