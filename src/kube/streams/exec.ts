/** Runs a command in a container, its standard streams over one WebSocket with back-pressure both ways. */
import { Readable, Writable } from 'node:stream';
import { WebSocket } from 'ws';
import { UnreachableError } from '../../errors.ts';
import { ApiError } from '../api-error.ts';
import type { KubeClient } from '../client.ts';
import type { Status } from '../objects.ts';
import { pathOf, pods } from '../resources.ts';

export interface ExecOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container?: string | undefined;
  readonly command: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export interface ExitStatus {
  /** Of the command; undefined where it did not even start, or the stream broke. */
  readonly code: number | undefined;
  /** What the cluster says of it. */
  readonly reason: string;
}

export interface ExecSession {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the command has ended or the stream has. Never rejects. */
  readonly exit: Promise<ExitStatus>;
  close(): void;
}

/** The protocol's channels, the first byte of each message. */
const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const;
/** v5 can end standard input alone; v4 is what clusters before 1.30 speak. */
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
/** Bytes a message; API servers relay in parts of this size. */
const messageSize = 32 << 10;
/** Bytes that may wait in this process for the network. */
const highWater = 1 << 20;
/** Milliseconds: load balancers cut connections that are silent for 20 s and more. */
const pingEvery = 5_000;
const silenceLimit = 25_000;

/**
 * Starts a command. Rejects with an ApiError where the server refuses (403, 404, 400), an UnreachableError
 * where it does not answer.
 */
export async function exec(kube: KubeClient, options: ExecOptions): Promise<ExecSession> {
  const { namespace, pod, container, command, signal } = options;
  const query = new URLSearchParams({ stdin: 'true', stdout: 'true', stderr: 'true' });
  if (container !== undefined) query.set('container', container);
  for (const word of command) query.append('command', word);
  const path = `${pathOf(pods, { namespace, name: pod, subresource: 'exec' })}?${query}`;
  await kube.transport.ready(signal);
  const { url, headers, tls, agent } = await kube.transport.webSocket();
  const options_ = {
    headers,
    ...tls,
    perMessageDeflate: false,
    handshakeTimeout: 20_000,
    ...(agent && { agent }),
  };
  const socket = new WebSocket(url + path, protocols, options_);
  const session = sessionOver(socket, signal);
  await opened(socket, kube, signal);
  return session;
}

/** The whole output of a command that says little. Rejects where it does not end with 0. */
export async function execOutput(kube: KubeClient, options: ExecOptions): Promise<string> {
  const session = await exec(kube, options);
  const limit = 1 << 20;
  let output = '';
  let words = '';
  session.stdout.on('data', (data) => {
    if (output.length < limit) output += data;
  });
  session.stderr.on('data', (data) => {
    if (words.length < limit) words += data;
  });
  const { code, reason } = await session.exit;
  if (code === 0) return output;
  throw new Error(`${options.command[0]} in ${options.pod}: ${words.trim() || reason}`);
}

function opened(socket: WebSocket, kube: KubeClient, signal: AbortSignal | undefined): Promise<void> {
  const { context, server } = kube.cluster;
  return new Promise((resolve, reject) => {
    const abort = () => {
      socket.terminate();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('open', () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    socket.once('error', (cause) =>
      reject(new UnreachableError(`${context}: no stream to ${server}: ${cause.message}`, { cause })),
    );
    socket.once('unexpected-response', (_, response) => {
      let body = '';
      response.on('data', (data) => {
        body += data;
      });
      response.on('end', () => {
        const status = parseStatus(body);
        const message = status?.message ?? `HTTP ${response.statusCode}`;
        reject(new ApiError(response.statusCode ?? 0, status, `${context}: exec refused: ${message}`));
        socket.terminate();
      });
    });
  });
}

function sessionOver(socket: WebSocket, signal: AbortSignal | undefined): ExecSession {
  socket.binaryType = 'nodebuffer';
  const resume = () => socket.resume();
  const stdout = new Readable({ read: resume, highWaterMark: highWater });
  const stderr = new Readable({ read: resume });
  let status: ExitStatus = { code: undefined, reason: 'the stream ended' };
  let heard = performance.now();
  const exit = new Promise<ExitStatus>((resolve) => {
    socket.on('close', () => {
      clearInterval(timer);
      signal?.removeEventListener('abort', close);
      stdout.push(null);
      stderr.push(null);
      stdin.destroy();
      resolve(status);
    });
  });
  socket.on('error', ({ message }) => {
    status = { code: undefined, reason: message };
  });
  socket.on('message', (data: Buffer) => {
    heard = performance.now();
    const payload = data.subarray(1);
    if (data[0] === channel.status) status = exitStatusOf(payload.toString());
    const stream = data[0] === channel.stdout ? stdout : data[0] === channel.stderr ? stderr : undefined;
    if (payload.length > 0 && stream && !stream.push(payload)) socket.pause();
  });
  socket.on('pong', () => {
    heard = performance.now();
  });
  const timer = setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    // A reader that is slow is not a server that is silent.
    if (performance.now() - heard > silenceLimit && !socket.isPaused) socket.terminate();
    else socket.ping();
  }, pingEvery);
  timer.unref();
  const close = () => {
    if (socket.readyState === WebSocket.OPEN) socket.close();
    else socket.terminate();
    setTimeout(() => socket.terminate(), 1000).unref();
  };
  signal?.addEventListener('abort', close, { once: true });
  const stdin = stdinOf(socket);
  return { stdin, stdout, stderr, exit, close };
}

function stdinOf(socket: WebSocket): Writable {
  return new Writable({
    highWaterMark: highWater,
    write(data: Buffer, _, done) {
      for (let from = 0; from < data.length; from += messageSize) {
        const part = data.subarray(from, from + messageSize);
        const message = Buffer.allocUnsafe(part.length + 1);
        message[0] = channel.stdin;
        message.set(part, 1);
        const isLast = from + messageSize >= data.length;
        socket.send(message, isLast ? (error) => done(error) : undefined);
      }
      if (data.length === 0) done();
    },
    final(done) {
      if (socket.protocol === protocols[0] && socket.readyState === WebSocket.OPEN)
        socket.send(Buffer.from([channel.close, channel.stdin]), () => done());
      else done();
    },
  });
}

function exitStatusOf(text: string): ExitStatus {
  const status = parseStatus(text) as
    | (Status & { details?: { causes?: { reason?: string; message?: string }[] } })
    | undefined;
  if (status?.status === 'Success') return { code: 0, reason: '' };
  const cause = status?.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  return {
    code: cause?.message === undefined ? undefined : Number(cause.message),
    reason: status?.message ?? text,
  };
}

function parseStatus(text: string): Status | undefined {
  try {
    return JSON.parse(text) as Status;
  } catch {
    return undefined;
  }
}
