/** HTTP to one API server: what the client and the streams stand on. `connect` (connect.ts) makes one. */
import type { Agent } from 'node:http';
import type { ConnectionOptions } from 'node:tls';
import type { DeadlineExceeded } from '../../async/deadline.ts';
import type { OpenSockets } from './open-sockets.ts';

/** TLS settings of the kubeconfig, as `tls.connect`, `https.request` and `ws` take them. */
export interface TlsOptions {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly pfx?: string | Buffer;
  readonly passphrase?: string;
  readonly servername?: string;
  /** Where the kubeconfig's `tls-server-name` is an address, which TLS takes for no name. */
  readonly checkServerIdentity?: ConnectionOptions['checkServerIdentity'];
  readonly rejectUnauthorized?: boolean;
}

/**
 * What it takes to open a WebSocket of this cluster:
 * `new WebSocket(url + path, protocols, { headers, agent, ...tls })`.
 */
export interface WebSocketTarget {
  /** `wss://host:port` (or `ws:`), with the server's path prefix where it has one, without a slash at the end. */
  readonly url: string;
  /** Authorization and impersonation. Secret: never log them. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsOptions;
  /** Only where the kubeconfig names a proxy. */
  readonly agent?: Agent | undefined;
  /** Looks after the connection. */
  readonly sockets?: OpenSockets | undefined;
}

/** One HTTP request; its credentials are added by the transport. */
export interface HttpRequest {
  readonly method: string;
  /** Absolute path with its query, percent-encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Asked at the moment at which it is sent, after whatever wait there was for a connection: where it may not go any more,
   * nothing of it is sent, and it rejects with a {@link DeadlineExceeded}. A timer can't say that: that of a process which
   * stood still passes after what came meanwhile was read.
   */
  readonly isInTime?: (() => boolean) | undefined;
  /**
   * The answer goes on for long (a watch, a log): it gets a connection of its own, outside of the pool's limit.
   */
  readonly streaming?: boolean;
  /** Longest pause within the answer's body, in milliseconds; none where absent. */
  readonly bodyIdleMs?: number | undefined;
}

/** The answer's head has arrived; its body is read by exactly one of the two, or given up by `discard`. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  text(): Promise<string>;
  /** Ends with the response; leaving the loop closes the connection. */
  bytes(): AsyncIterable<Uint8Array>;
  discard(): void;
}

export interface Transport {
  /**
   * Resolves when there are credentials: at once as a rule, but an exec plugin may wait for a person.
   * Rejects with a UsageError or UnreachableError where there are none to be had.
   */
  ready(signal?: AbortSignal): Promise<void>;
  /**
   * Sends one request over the cluster's pool. Refreshes credentials and sends again, once, on a 401.
   * Rejects with an UnreachableError where no answer came, or with the signal's reason.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Credentials of this moment for one WebSocket; ask anew for each.
   * `refresh` drops cached credentials first: for the one retry after a 401 on the upgrade.
   */
  webSocket(options?: { refresh?: boolean }): Promise<WebSocketTarget>;
  /** Ends every connection of this moment: it is known that nobody answers on them. What is under way fails as lost. */
  loseConnections(why: string): void;
  close(): Promise<void>;
}
