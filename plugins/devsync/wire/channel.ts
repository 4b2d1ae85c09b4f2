/** Sends and receives frames over a pair of streams, with back-pressure both ways and pings that show that it is alive. */
import type { Readable, Writable } from 'node:stream';
import { free } from '../../../src/free.ts';
import {
  type Compression,
  encodeFrame,
  type Frame,
  FrameDecoder,
  FrameError,
  type FrameType,
} from './frame.ts';
import { SharedBody } from './shared-body.ts';

export interface ChannelOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly onFrame: (frame: Frame) => void;
  /** Called once when the channel has ended, for whatever reason. */
  readonly onEnd: (why: Error) => void;
  /** Milliseconds between two pings. 0: none are sent. */
  readonly pingEvery: number;
  /** The channel ends after so many milliseconds in which nothing came. */
  readonly silenceLimit: number;
}

/** What goes with a frame: in parts, or packed already for several ends. */
export type FrameBody = readonly Uint8Array[] | SharedBody;

/** The parts of a body. */
export const partsIn = (body: FrameBody): readonly Uint8Array[] =>
  body instanceof SharedBody ? body.parts : body;

/** The stream ended or fell silent. It is not known whether what was under way was done. */
export class ChannelClosed extends Error {
  override readonly name = 'ChannelClosed';
}

export class Channel {
  readonly #options: ChannelOptions;
  readonly #decoder = new FrameDecoder();
  readonly #timer: NodeJS.Timeout;
  #heard = performance.now();
  #pinged = performance.now();
  readonly #waiting = new Set<() => void>();
  #ended: Error | undefined;
  /** How frames are compressed: not at all until the other end has said what it can read. */
  compression: Compression = 'none';
  /** Whether the other end takes a body in a frame of its own. */
  takesBodies = false;
  /** Of the frame that comes next. */
  #body: Uint8Array | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
    const { input, output } = options;
    input.on('data', this.#take);
    input.on('end', () => this.end(new ChannelClosed('the stream ended')));
    input.on('error', (cause) => this.end(new ChannelClosed('the stream broke', { cause })));
    output.on('error', (cause) => this.end(new ChannelClosed('the stream broke', { cause })));
    this.#timer = setInterval(() => this.#beat(), 1000);
    this.#timer.unref();
  }

  /** Milliseconds since the other end was heard last. */
  get silentMs(): number {
    return performance.now() - this.#heard;
  }

  get ended(): Error | undefined {
    return this.#ended;
  }

  /** Takes bytes that came before this channel began to listen. */
  feed(data: Buffer): void {
    if (data.length > 0) this.#take(data);
  }

  /**
   * Sends a frame; frames arrive in the order of the calls. Resolves when more may be sent without piling up
   * in memory. Rejects where the channel has ended.
   */
  async send(...frame: Parameters<Channel['post']>): Promise<void> {
    if (!this.post(...frame)) await this.#drained();
  }

  /**
   * As `send`, for callers that limit what is under way by other means. Returns whether more may be sent.
   * @throws the reason why the channel has ended
   */
  post(type: FrameType, session: number, header?: unknown, body: FrameBody = []): boolean {
    if (this.#ended) throw this.#ended;
    const { output } = this.#options;
    if (body instanceof SharedBody && this.takesBodies && !body.isLittle) {
      output.write(body.frame(this.compression));
      return output.write(encodeFrame({ type, session, header }, this.compression));
    }
    const frame = encodeFrame({ type, session, header, body: partsIn(body) }, this.compression);
    return output.write(frame, () => free(frame));
  }

  /** Ends the channel for this reason, and closes the streams. */
  end(why: Error): void {
    if (this.#ended) return;
    this.#ended = why;
    clearInterval(this.#timer);
    this.#options.input.off('data', this.#take);
    this.#options.output.end();
    this.#options.input.destroy();
    // Without this, senders would wait for ever for a reader that is gone.
    for (const wake of [...this.#waiting]) wake();
    this.#options.onEnd(why);
  }

  readonly #take = (data: Buffer): void => {
    this.#heard = performance.now();
    try {
      for (const frame of this.#decoder.push(data)) this.#dispatch(frame);
    } catch (error) {
      this.end(error instanceof Error ? error : new FrameError(String(error)));
    }
  };

  #dispatch(one: Frame): void {
    if (one.type === 'body') {
      this.#body = one.body;
      return;
    }
    const frame = this.#body === undefined ? one : { ...one, body: this.#body };
    this.#body = undefined;
    if (frame.type === 'ping') this.send('pong', 0).catch(() => {});
    else if (frame.type !== 'pong' && !this.#ended) this.#options.onFrame(frame);
  }

  #beat(): void {
    const { pingEvery, silenceLimit } = this.#options;
    const now = performance.now();
    if (now - this.#heard > silenceLimit)
      this.end(new ChannelClosed(`nothing was heard for ${Math.round(silenceLimit / 1000)} s`));
    else if (pingEvery > 0 && now - this.#pinged >= pingEvery) {
      this.#pinged = now;
      this.send('ping', 0).catch(() => {});
    }
  }

  #drained(): Promise<void> {
    const { output } = this.#options;
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#waiting.delete(done);
        for (const event of ['drain', 'close', 'error']) output.off(event, done);
        if (this.#ended) reject(this.#ended);
        else resolve();
      };
      this.#waiting.add(done);
      for (const event of ['drain', 'close', 'error']) output.on(event, done);
    });
  }
}
