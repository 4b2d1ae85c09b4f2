/** undici's connections to one API server. */
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { OpenSockets } from '../api/open-sockets.ts';
import type { Credentials } from '../login/credentials.ts';
import { reachingConnector } from './reach.ts';
import { socksConnector } from './socks.ts';

/** Connections for requests and, apart from their limit, for answers that go on for long. */
export interface Dispatchers {
  readonly requests: Dispatcher;
  readonly streams: Dispatcher;
}

/**
 * HTTP/1.1 on purpose: HTTP/2 puts everything on one TCP connection, where a long list holds up every small
 * answer behind it, and was no faster against a real API server.
 */
const protocol = { allowH2: false } as const;

/** As many requests at once as one client should ask of an API server; the others queue here. */
const connections = 32;

const options = {
  ...protocol,
  // Below the idle limit of API servers (90 s) and cloud load balancers (60 s), so that they never close first.
  keepAliveTimeout: 30_000,
  keepAliveMaxTimeout: 50_000,
  // Deadlines are the client's own (deadline.ts); a watch has none.
  headersTimeout: 0,
  bodyTimeout: 0,
};

export interface DispatcherOptions {
  /** Milliseconds for one TCP and TLS handshake, and for a proxy's answer; 0 means none. */
  readonly connectTimeoutMs: number;
  /** Finds the addresses of host names; the system's own way where absent. */
  readonly lookup?: LookupFunction | undefined;
  /** Looks after the connections. */
  readonly sockets: OpenSockets;
}

export function createDispatchers(
  { tls, proxy, agent }: Credentials,
  { connectTimeoutMs, lookup, sockets }: DispatcherOptions,
): Dispatchers {
  const tcp = {
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    timeout: connectTimeoutMs,
    ...(lookup && { lookup }),
  };
  const make = (limit: number | null): Dispatcher => {
    const common = { ...options, connections: limit };
    if (proxy && agent && proxy.startsWith('socks'))
      return new Agent({ ...common, connect: socksConnector(agent, { ...tls, ...tcp, ...protocol }) });
    if (proxy) return new ProxyAgent({ ...common, uri: proxy, ...tunnel(tls, tcp) });
    return new Agent({ ...common, connect: reachingConnector({ ...tls, ...tcp, ...protocol }, sockets) });
  };
  return { requests: make(connections), streams: make(null) };
}

/** A way through an HTTP proxy. By itself undici gives one five minutes for its answer to CONNECT. */
function tunnel(tls: Credentials['tls'], tcp: { readonly timeout: number }) {
  const { timeout } = tcp;
  return {
    proxyTls: tcp,
    requestTls: { ...tls, timeout },
    clientFactory: (origin: URL, options: object) =>
      new Pool(origin, { ...options, headersTimeout: timeout }),
  };
}
