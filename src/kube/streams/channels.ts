/** Messages whose first byte is a channel: what exec, attach and port-forward have in common. */
import { Readable, type Writable } from 'node:stream';
import type { KubeSocket } from './socket.ts';

/** Larger ones cost less per byte; a quarter more at four times the size, and then less and less. */
const messageSize = 128 * 1024;
/** Bytes that a reader may lag behind before the network is stopped. */
const readBuffer = 512 * 1024;

/** Channel byte and payload in one message. */
export function message(channel: number, payload: Uint8Array | string): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const whole = Buffer.allocUnsafe(body.length + 1);
  whole[0] = channel;
  whole.set(body, 1);
  return whole;
}

/** Sends data of any length as messages of one channel; `done` once more may follow. */
export function sendData(
  socket: KubeSocket,
  channel: number,
  data: Uint8Array,
  done: (error?: Error | null) => void,
): void {
  const part = data.subarray(0, messageSize);
  const rest = data.subarray(part.length);
  socket.send(message(channel, part), (error) => {
    if (error || rest.length === 0) done(error);
    else sendData(socket, channel, rest, done);
  });
}

/** Whether a channel's reader lags behind so far that the socket had better wait. */
export class Flow {
  readonly #socket: KubeSocket;
  readonly #full = new Set<object>();

  constructor(socket: KubeSocket) {
    this.#socket = socket;
  }

  /** A readable that stops the network while it is full. One socket has one flow: a full one stops them all. */
  readable(): Readable {
    const readable = new Readable({
      highWaterMark: readBuffer,
      read: () => this.#drained(readable),
      destroy: (error, done) => {
        this.#drained(readable);
        done(error);
      },
    });
    return quiet(readable);
  }

  push(readable: Readable, data: Buffer): void {
    if (readable.destroyed || data.length === 0) return;
    if (readable.push(data)) return;
    this.#full.add(readable);
    this.#socket.pause();
  }

  #drained(readable: object): void {
    if (this.#full.delete(readable) && this.#full.size === 0) this.#socket.resume();
  }
}

/** A stream whose errors are told elsewhere too, so that nobody has to listen for them. */
export function quiet<T extends Readable | Writable>(stream: T): T {
  stream.on('error', () => {});
  return stream;
}
