/**
 * WebSockets to the API server: opened with the cluster's credentials, paused and filled only as far as the other
 * side keeps up, kept alive, and with errors that say what happened.
 */
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { WebSocket } from 'ws';
import { UnreachableError } from '../../errors.ts';
import { free } from '../../free.ts';
import { ApiError } from '../api/api-error.ts';
import { apiFailure, type Subject } from '../api/api-failure.ts';
import type { ClusterInfo, KubeClient } from '../api/client.ts';
import { connectionError } from '../api/connection-error.ts';
import type { WebSocketTarget } from '../api/transport.ts';
import { limitReach } from '../connect/reach.ts';

export interface SocketRequest {
  /** Absolute path with its query. */
  readonly path: string;
  /** Subprotocols, the best first. */
  readonly protocols: readonly string[];
  readonly subject: Subject;
  readonly signal?: AbortSignal | undefined;
  /** After so many milliseconds in which nothing is heard, the connection is dead; 20 s where absent. */
  readonly silenceMs?: number | undefined;
}

export interface SocketHandlers {
  message(data: Buffer): void;
  /** The connection is over, with the reason where it did not end properly. Called once. */
  closed(error: Error | undefined): void;
}

export interface KubeSocket {
  /** The subprotocol that the server chose. */
  readonly protocol: string;
  /** Sends one message, which is its own from then on; `done` is called once the next one may follow. */
  send(data: Buffer, done: (error?: Error | null) => void): void;
  /** Stops reading from the network, and so, in the end, the sender. */
  pause(): void;
  resume(): void;
  /** Ends it properly where the other side answers within a second, else anyway. */
  close(): void;
  /** Ends it now; the reason is what `closed` gets. */
  destroy(reason?: Error): void;
}

/** A connection on which nothing is heard for so long is dead. */
const defaultSilenceMs = 20_000;
/** Pings in that time. Some load balancers cut connections that are silent for 20 s. */
const pings = 4;
/** For the upgrade's answer. API servers of small clusters take seconds when they start. */
const handshakeMs = 20_000;
/** Bytes that may wait for the network in this process before the writer has to. */
const sendBuffer = 256 * 1024;
/** Servers send 32 KiB at most; a larger message is a fault of the server. */
const maxMessage = 16 * 1024 * 1024;

/** Makes the handlers of a socket that is open and on which nothing has happened yet. */
export type SocketUser = (socket: KubeSocket) => SocketHandlers;

/**
 * Opens a WebSocket; credentials that the server rejects are renewed once.
 * Rejects with an ApiError (the server refused), an UnreachableError or the signal's reason.
 */
export async function openSocket(kube: KubeClient, request: SocketRequest, user: SocketUser): Promise<void> {
  const { transport, cluster } = kube;
  await transport.ready(request.signal);
  try {
    return await attempt(await transport.webSocket(), cluster, request, user);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 401) throw error;
    return attempt(await transport.webSocket({ refresh: true }), cluster, request, user);
  }
}

/**
 * Masks keep proxies from taking what a web page sends for HTTP (RFC 6455, 10.3). Inside TLS there are none, and
 * it would take a third of all the time that a large transfer takes here.
 */
const noMask = (mask: Buffer): void => {
  mask.fill(0);
};

async function attempt(
  { url, headers, tls, agent, sockets }: WebSocketTarget,
  cluster: ClusterInfo,
  request: SocketRequest,
  user: SocketUser,
): Promise<void> {
  const { path, protocols, subject, signal } = request;
  const { WebSocket } = await import('ws');
  signal?.throwIfAborted();
  const limits = { perMessageDeflate: false, handshakeTimeout: handshakeMs, maxPayload: maxMessage };
  const masking = url.startsWith('wss:') && { generateMask: noMask };
  const options = { headers, ...tls, ...limits, ...masking, ...(agent && { agent }) };
  const socket = new WebSocket(url + path, [...protocols], {
    ...options,
    finishRequest: (asking) => {
      // A proxy's answer is bounded by the handshake's limit.
      asking.once('socket', (connection) => {
        if (!agent) limitReach(connection);
        sockets?.add(connection);
      });
      asking.end();
    },
  });
  try {
    await opened(socket, cluster, subject, signal);
  } catch (error) {
    // Its own complaint about being given up is of no interest.
    socket.on('error', () => {});
    socket.terminate();
    throw error;
  }
  keep(socket, cluster, request, user);
  socket.resume();
}

/** Resolves when the server has upgraded the connection. */
function opened(
  socket: WebSocket,
  cluster: ClusterInfo,
  subject: Subject,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal?.reason);
  const onError = (error: Error) => reject(connectionError(cluster, error));
  signal?.addEventListener('abort', onAbort, { once: true });
  socket.once('open', () => {
    // Until there are handlers: a message may be here already.
    socket.pause();
    resolve();
  });
  socket.once('error', onError);
  socket.once('unexpected-response', (_request, response) => {
    bodyOf(response).then(
      (body) => reject(apiFailure(cluster, subject, response.statusCode ?? 0, body)),
      onError,
    );
  });
  return promise.finally(() => {
    signal?.removeEventListener('abort', onAbort);
    socket.off('error', onError);
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of response) {
    body += chunk;
    if (body.length > 65_536) break;
  }
  return body;
}

/** Watches over an open socket until it is closed. */
function keep(
  socket: WebSocket,
  cluster: ClusterInfo,
  { signal, silenceMs = defaultSilenceMs }: SocketRequest,
  user: SocketUser,
): void {
  const lost = (why: string, cause?: unknown) =>
    new UnreachableError(`${cluster.context}: the connection to ${cluster.server} ${why}`, { cause });
  let reason: Error | undefined;
  const destroy = (error?: Error) => {
    reason ??= error;
    socket.terminate();
  };
  const onAbort = () => destroy(signal?.reason);
  const onDead = () => destroy(lost(`was silent for ${silenceMs / 1000} s and is given up`));
  const life = keepAlive(socket, silenceMs, onDead);

  const handlers = user({
    protocol: socket.protocol,
    send: (data, done) => sendMessage(socket, life, data, done),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close() {
      socket.close(1000);
      setTimeout(() => socket.terminate(), 1_000).unref();
    },
    destroy,
  });

  signal?.addEventListener('abort', onAbort, { once: true });
  socket.on('message', (data: Buffer) => {
    life.heard();
    handlers.message(data);
  });
  socket.on('error', (error) => {
    reason ??= lost(`broke: ${error.message}`, error);
  });
  socket.on('close', (code) => {
    life.stop();
    signal?.removeEventListener('abort', onAbort);
    // 1000 is a proper end, 1005 one without a code; 1006 is a connection that just went.
    handlers.closed(reason ?? (code === 1000 || code === 1005 ? undefined : lost(`was lost (${code})`)));
  });
}

interface Life {
  heard(): void;
  stop(): void;
}

/**
 * Pings, and tells when the other side has been silent for too long. Pings are counted, and no time is measured: to a
 * process that stood still, on a busy machine or one that slept, the answer may have come meanwhile.
 */
function keepAlive(socket: WebSocket, silenceMs: number, onDead: () => void): Life {
  let unanswered = 0;
  const heard = () => {
    unanswered = 0;
  };
  const timer = setInterval(() => {
    // While a slow reader has the socket paused, no answer can be heard.
    if (socket.isPaused) heard();
    if (unanswered >= pings) onDead();
    else if (socket.readyState === socket.OPEN) socket.ping();
    unanswered += 1;
  }, silenceMs / pings);
  timer.unref();
  socket.on('pong', heard);
  socket.on('ping', heard);
  return { heard, stop: () => clearInterval(timer) };
}

/** How long a message must wait for the network to show that the other side takes what was sent before. */
const backedUpMs = 100;

function sendMessage(
  socket: WebSocket,
  life: Life,
  data: Buffer,
  done: (error?: Error | null) => void,
): void {
  const since = performance.now();
  const hasRoom = socket.bufferedAmount < sendBuffer;
  socket.send(data, (error) => {
    free(data);
    // On a slow line the answers to pings queue behind our own megabytes: that those go out is a sign of life.
    if (!error && performance.now() - since > backedUpMs) life.heard();
    if (!hasRoom) done(error);
  });
  if (hasRoom) done();
}
