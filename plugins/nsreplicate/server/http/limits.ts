/** What one client, or all of them together, may cost the service. */

/** Bytes of a body: credentials and names are all that is ever sent. */
export const BODY_BYTES = 16 * 1024;
/** Bytes of all headers of a request. */
export const HEADER_BYTES = 16 * 1024;

/** How long a client may take, in milliseconds. */
export interface Times {
  /** For a TLS handshake, and for all headers of a request. */
  readonly headers: number;
  /** For the whole request. */
  readonly request: number;
  /** A connection on which nothing moves, such as one whose client does not read. */
  readonly idle: number;
  /** Connections are looked at so often: whoever is over one of the first two limits is sent away so much later at most. */
  readonly check: number;
}

export const times: Times = { headers: 10_000, request: 15_000, idle: 60_000, check: 1000 };

export const CONNECTIONS = 1024;
/** A proxy in front of the service is one address too. */
export const CONNECTIONS_PER_ADDRESS = 256;

interface Connection {
  readonly remoteAddress?: string | undefined;
  once(event: 'close', heard: () => void): unknown;
  destroy(): unknown;
}

/** Counts connections by address; returns what is told of each new one. */
export function limitPerAddress(most = CONNECTIONS_PER_ADDRESS): (connection: Connection) => void {
  const open = new Map<string, number>();
  return (connection) => {
    const { remoteAddress = '' } = connection;
    const count = (open.get(remoteAddress) ?? 0) + 1;
    if (count > most) {
      connection.destroy();
      return;
    }
    open.set(remoteAddress, count);
    connection.once('close', () => {
      const left = (open.get(remoteAddress) ?? 1) - 1;
      if (left > 0) open.set(remoteAddress, left);
      else open.delete(remoteAddress);
    });
  };
}
