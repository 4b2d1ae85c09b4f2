/**
 * One TCP connection to a port of a pod, through the API server.
 *
 * The kubelet's WebSocket protocol has two channels for each port, 2n for data and 2n+1 for an error; the first
 * message of each bears the port's number (k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go).
 */
import { Duplex } from 'node:stream';
import { X8sError } from '../../errors.ts';
import type { KubeClient } from '../api/client.ts';
import { objectName, pathOf, pods } from '../api/resources.ts';
import { quiet, sendData } from './channels.ts';
import { type KubeSocket, openSocket, type SocketHandlers } from './socket.ts';

export interface PortForwardOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
  readonly signal?: AbortSignal | undefined;
}

const channel = { data: 0, error: 1 } as const;
const protocol = 'v4.channel.k8s.io';
/** Bytes that a reader may lag behind before the network is stopped. */
const readBuffer = 512 * 1024;

/**
 * Opens one connection. The protocol can't end one direction alone: `end` only says that no more is written, and
 * the connection lasts until the pod closes it or it is destroyed.
 * Rejects with an ApiError, an UnreachableError or the signal's reason; that nobody listens on the port is known
 * later, and destroys the stream with an X8sError.
 */
export async function portForward(kube: KubeClient, options: PortForwardOptions): Promise<Duplex> {
  const { namespace, pod, port, signal } = options;
  const path = `${pathOf(pods, { namespace, name: pod, subresource: 'portforward' })}?ports=${port}`;
  const what = `port-forward to ${port} of ${objectName(pods, { namespace, name: pod })}`;
  const opened = Promise.withResolvers<Duplex>();
  await openSocket(
    kube,
    { path, protocols: [protocol], subject: { verb: 'port-forward', what }, signal },
    (socket) => {
      const connection = new Connection(socket, `${kube.cluster.context}: ${what}`);
      opened.resolve(connection.stream);
      return connection;
    },
  );
  return opened.promise;
}

class Connection implements SocketHandlers {
  readonly stream: Duplex;
  readonly #socket: KubeSocket;
  readonly #what: string;
  /** Channels whose first message, the port's number, has come. */
  readonly #begun = new Set<number>();

  constructor(socket: KubeSocket, what: string) {
    this.#socket = socket;
    this.#what = what;
    this.stream = quiet(
      new Duplex({
        allowHalfOpen: false,
        readableHighWaterMark: readBuffer,
        read: () => socket.resume(),
        write: (data: Buffer, _encoding, done) => sendData(socket, channel.data, data, done),
        destroy(error, done) {
          socket.close();
          done(error);
        },
      }),
    );
  }

  message(data: Buffer): void {
    const from = data[0] ?? channel.error;
    const payload = data.subarray(1);
    if (!this.#begun.has(from)) {
      this.#begun.add(from);
      if (payload.length === 2) return;
    }
    if (from === channel.error)
      this.stream.destroy(new X8sError(`${this.#what}: ${payload.toString().trim()}`));
    else if (!this.stream.destroyed && payload.length > 0 && !this.stream.push(payload)) this.#socket.pause();
  }

  closed(error: Error | undefined): void {
    if (error) this.stream.destroy(error);
    else if (!this.stream.destroyed) this.stream.push(null);
  }
}
