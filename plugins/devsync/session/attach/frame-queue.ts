/** A queue of frames between the stream that brings them and the reader that uses them. */

import { ProtocolError } from '../../wire/check.ts';
import { contentWindow } from '../../wire/window.ts';

export interface ContentFrame {
  readonly header: unknown;
  readonly body: Uint8Array;
}

export class FrameQueue implements AsyncIterable<ContentFrame> {
  readonly #queue: ContentFrame[] = [];
  /** Of the frames in the queue. */
  #bytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  /** Throws a ProtocolError where the other end sends more than what may be under way. */
  push(frame: ContentFrame): void {
    this.#bytes += frame.body.length;
    if (this.#bytes > 2 * contentWindow)
      throw new ProtocolError('the other end sent more contents than it may');
    this.#queue.push(frame);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  fail(why: Error): void {
    this.#failure ??= why;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ContentFrame> {
    for (;;) {
      const frame = this.#queue.shift();
      if (frame) {
        this.#bytes -= frame.body.length;
        yield frame;
      } else if (this.#failure) throw this.#failure;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
