/**
 * The protocol of exec and attach
 * (k8s.io/apimachinery/pkg/util/remotecommand, k8s.io/apiserver/pkg/util/httpstream/wsstream).
 */
import { type Readable, Writable } from 'node:stream';
import { messageOf, X8sError } from '../../errors.ts';
import type { KubeClient } from '../api/client.ts';
import type { Status } from '../api/objects.ts';
import { objectName, pathOf, pods } from '../api/resources.ts';
import { Flow, message, quiet, sendData } from './channels.ts';
import { type KubeSocket, openSocket } from './socket.ts';

/** A container, and how to stand at its streams. */
export interface ContainerStreams {
  readonly namespace: string;
  readonly pod: string;
  /** The pod's default container where absent. */
  readonly container?: string | undefined;
  /** Whether anything will be written. */
  readonly stdin?: boolean;
  /** A terminal: stderr then comes on stdout. */
  readonly tty?: boolean;
  /** Ends the connection, not the command: only a closed stdin or a signal of its own does that. */
  readonly signal?: AbortSignal | undefined;
  /** After so many milliseconds in which nothing is heard, the connection is dead; 20 s where absent. */
  readonly silenceMs?: number | undefined;
}

export interface ExitStatus {
  /** Of the command; undefined where it did not start, or the connection was lost before it ended. */
  readonly code: number | undefined;
  /** Why, in the cluster's words; empty where it ended with 0. */
  readonly reason: string;
  /** Where the connection was lost: an UnreachableError, or the signal's reason. */
  readonly error?: unknown;
}

/**
 * A command's streams. Both readables must be read (or `resume`d): one that nobody reads stops the other, too.
 * Errors also come with `exit`, so listening for them on each stream is a choice.
 */
export interface RemoteCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Never rejects. What was written before is on its way through stdout and stderr by then. */
  readonly exit: Promise<ExitStatus>;
  /** Tells a terminal's size. */
  resize(columns: number, rows: number): void;
  /** Gives up the connection. */
  close(): void;
}

const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;
/** v5 (API servers since 1.30) can end stdin alone; v4 is what older ones speak. */
const v5 = 'v5.channel.k8s.io';
const v4 = 'v4.channel.k8s.io';

/** Opens a stream to a container. Rejects as `openSocket` does. */
export async function openRemoteCommand(
  kube: KubeClient,
  subresource: 'exec' | 'attach',
  { namespace, pod, container, stdin = false, tty = false, ...limits }: ContainerStreams,
  command: readonly string[] = [],
): Promise<RemoteCommand> {
  const query = new URLSearchParams({ stdin: `${stdin}`, stdout: 'true', stderr: `${!tty}`, tty: `${tty}` });
  if (container !== undefined) query.set('container', container);
  for (const word of command) query.append('command', word);
  const path = `${pathOf(pods, { namespace, name: pod, subresource })}?${query}`;
  const subject = {
    verb: subresource,
    what: `${subresource}: ${objectName(pods, { namespace, name: pod })}`,
  };
  const opened = Promise.withResolvers<RemoteCommand>();
  await openSocket(kube, { path, protocols: [v5, v4], subject, ...limits }, (socket) => {
    const session = new Session(socket, stdin);
    opened.resolve(session);
    return session;
  });
  return opened.promise;
}

class Session implements RemoteCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ExitStatus>;
  readonly #socket: KubeSocket;
  readonly #flow: Flow;
  readonly #settle: (status: ExitStatus) => void;
  #closedHere = false;
  #status: ExitStatus | undefined;

  constructor(socket: KubeSocket, hasStdin: boolean) {
    this.#socket = socket;
    this.#flow = new Flow(socket);
    this.stdout = this.#flow.readable();
    this.stderr = this.#flow.readable();
    this.stdin = stdinOf(socket);
    if (!hasStdin) this.stdin.destroy();
    const { promise, resolve } = Promise.withResolvers<ExitStatus>();
    this.exit = promise;
    this.#settle = resolve;
  }

  message(data: Buffer): void {
    const payload = data.subarray(1);
    if (data[0] === channel.stdout) this.#flow.push(this.stdout, payload);
    else if (data[0] === channel.stderr) this.#flow.push(this.stderr, payload);
    else if (data[0] === channel.status) this.#status = exitStatusOf(payload.toString());
  }

  closed(error: Error | undefined): void {
    const status = this.#status ?? this.#unfinished(error);
    for (const stream of [this.stdout, this.stderr]) {
      if (status.error === undefined) stream.push(null);
      else stream.destroy(error);
    }
    this.stdin.destroy(status.error === undefined ? undefined : error);
    this.#settle(status);
  }

  resize(columns: number, rows: number): void {
    this.#socket.send(message(channel.resize, JSON.stringify({ Width: columns, Height: rows })), () => {});
  }

  close(): void {
    this.#closedHere = true;
    this.#socket.close();
  }

  #unfinished(error: Error | undefined): ExitStatus {
    if (this.#closedHere) return { code: undefined, reason: 'the connection was closed before it ended' };
    const lost =
      error ?? new X8sError('the connection was closed by the other side before the command ended');
    return { code: undefined, reason: messageOf(lost), error: lost };
  }
}

function stdinOf(socket: KubeSocket): Writable {
  const writable = new Writable({
    write: (data: Buffer, _encoding, done) => sendData(socket, channel.stdin, data, done),
    final(done) {
      if (socket.protocol === v5) socket.send(Buffer.from([channel.close, channel.stdin]), done);
      else done(new X8sError('this API server can not end the input of a command: it is older than 1.30'));
    },
  });
  return quiet(writable);
}

/** The metav1.Status at the end, without its kind: Success, or a failure one of whose causes is the exit code. */
export function exitStatusOf(text: string): ExitStatus {
  const { status, message, details } = parse(text);
  if (status === 'Success') return { code: 0, reason: '' };
  const cause = details?.causes?.find(({ reason }) => reason === 'ExitCode');
  const code = Number(cause?.message ?? Number.NaN);
  return { code: Number.isInteger(code) ? code : undefined, reason: message ?? text };
}

function parse(text: string): Partial<Status> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
