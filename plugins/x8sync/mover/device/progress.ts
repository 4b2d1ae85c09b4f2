/** How far the reading or the copying of a device is: a line a second at most. */
import type { MessageWriter } from '../protocol/runtime.ts';
import { blocksIn } from './blocks.ts';

export class DeviceProgress {
  readonly #messages: Pick<MessageWriter, 'write'>;
  readonly #totalBytes: number;
  readonly #began = performance.now();
  #toldAt = Math.floor(Date.now() / 1000);
  #bytes = 0;

  /** @param totalBytes of all that is to be read, or to be changed. */
  constructor(messages: Pick<MessageWriter, 'write'>, totalBytes: number) {
    this.#messages = messages;
    this.#totalBytes = totalBytes;
  }

  /** Notes bytes that are done; negative where they were done in vain. */
  moved(bytes: number): void {
    this.#bytes += bytes;
    const second = Math.floor(Date.now() / 1000);
    if (second === this.#toldAt) return;
    this.#toldAt = second;
    const seconds = (performance.now() - this.#began) / 1000;
    this.#messages.write('progress', {
      ...{ bytes: this.#bytes, totalBytes: this.#totalBytes, unit: 'blocks' },
      ...{ files: blocksIn(this.#bytes), totalFiles: blocksIn(this.#totalBytes) },
      rate: Math.max(0, Math.round(this.#bytes / Math.max(0.001, seconds))),
      ...{ scanning: false, attempt: 1 },
    });
  }

  /** Hands pieces on, and counts them. */
  async *counting(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      yield piece;
      this.moved(piece.length);
    }
  }
}
