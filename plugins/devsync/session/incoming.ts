/** Frames that come in faster than they are used: a queue that is read like a stream. */

export interface ContentFrame {
  readonly header: unknown;
  readonly body: Uint8Array;
}

export class Incoming implements AsyncIterable<ContentFrame> {
  readonly #queue: ContentFrame[] = [];
  #ended = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  push(frame: ContentFrame): void {
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
      if (frame) yield frame;
      else if (this.#failure) throw this.#failure;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
