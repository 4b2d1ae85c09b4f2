/** How far the reading or the copying of a device is: a line a second at most. */
import type { MoverProgress } from '../protocol/protocol.ts';
import type { MessageWriter } from '../protocol/runtime.ts';
import { RecentRate } from '../system/recent-rate.ts';
import { blocksIn } from './blocks.ts';

export class DeviceProgress {
  readonly #messages: Pick<MessageWriter, 'write'>;
  readonly #totalBytes: number;
  readonly #what: Pick<MoverProgress, 'comparing'>;
  readonly #rate = new RecentRate(performance.now());
  #toldAt = Math.floor(Date.now() / 1000);
  #bytes = 0;

  /**
   * @param totalBytes of all that is to be read, or to be changed.
   * @param what what is told besides.
   */
  constructor(
    messages: Pick<MessageWriter, 'write'>,
    totalBytes: number,
    what: Pick<MoverProgress, 'comparing'> = {},
  ) {
    this.#messages = messages;
    this.#what = what;
    this.#totalBytes = totalBytes;
  }

  /** Notes bytes that are done; negative where they were done in vain. */
  moved(bytes: number): void {
    this.#bytes += bytes;
    const second = Math.floor(Date.now() / 1000);
    if (second === this.#toldAt) return;
    this.#toldAt = second;
    this.#messages.write('progress', {
      ...{ bytes: this.#bytes, totalBytes: this.#totalBytes, unit: 'blocks' },
      ...{ files: blocksIn(this.#bytes), totalFiles: blocksIn(this.#totalBytes) },
      rate: this.#rate.next(this.#bytes, performance.now()),
      ...{ scanning: false, attempt: 1, ...this.#what },
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
