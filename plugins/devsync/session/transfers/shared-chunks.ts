/**
 * Parts of large contents that several sessions send at about the same time: each is read once, and packed once. A part
 * is kept for a short while only; a session that lags behind reads for itself.
 */

import type { Chunk, ContentRequest, Endpoint } from '../../sync/endpoint.ts';
import { chunkSize } from '../../sync/scan/digest.ts';
import { SharedBody, share } from '../../wire/shared-body.ts';

type Reader = Pick<Endpoint, 'read'>;

/** Bytes of parts that are kept. */
const keptBytes = 8 << 20;

export class SharedChunks {
  readonly #isAlone: () => boolean;
  readonly #limit: number;
  /** By content and offset; undefined where there is none, since the file has changed. */
  readonly #chunks = new Map<string, Promise<Chunk | undefined>>();
  #readers = 0;

  /** @param isAlone whether there is nobody to share with. @param limit bytes that are kept. */
  constructor(isAlone: () => boolean, limit = keptBytes) {
    this.#isAlone = isAlone;
    this.#limit = limit;
  }

  /** As an endpoint's `read`. */
  async *read(requests: readonly ContentRequest[], from: Reader, signal: AbortSignal): AsyncGenerator<Chunk> {
    this.#readers++;
    try {
      for (const request of requests)
        if (isShared(request)) yield* this.#shared(request, from, signal);
        else yield* from.read([request], signal);
    } finally {
      this.#readers--;
      if (this.#readers === 0) this.#chunks.clear();
    }
  }

  async *#shared(request: ContentRequest, from: Reader, signal: AbortSignal): AsyncGenerator<Chunk> {
    const own = new Continued(request, from);
    try {
      for (let offset = request.offset; offset < request.size; ) {
        signal.throwIfAborted();
        const chunk = await this.#chunk(request, offset, own);
        if (chunk === undefined) return;
        yield chunk;
        offset += chunk.data.length;
      }
    } finally {
      await own.close();
    }
  }

  #chunk({ digest }: ContentRequest, offset: number, own: Continued): Promise<Chunk | undefined> {
    if (this.#isAlone()) return own.readAt(offset);
    const key = `${digest} ${offset}`;
    const known = this.#chunks.get(key);
    if (known !== undefined) return known;
    const read = own.readAt(offset).then((chunk) => {
      if (chunk) share(chunk.data, new SharedBody([chunk.data]));
      else this.#chunks.delete(key);
      return chunk;
    });
    read.catch(() => this.#chunks.delete(key));
    this.#chunks.set(key, read);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size * chunkSize <= this.#limit) break;
      this.#chunks.delete(oldest);
    }
    return read;
  }
}

/** Differences are to what one side alone has. */
const isShared = ({ size, basis }: ContentRequest) => size >= chunkSize && basis === undefined;

/** The parts of one content, read one after the other as long as no other session has read the next one. */
class Continued {
  readonly #request: ContentRequest;
  readonly #from: Reader;
  #parts: AsyncIterator<Chunk> | undefined;
  /** Where the next part begins. */
  #offset = -1;

  constructor(request: ContentRequest, from: Reader) {
    this.#request = request;
    this.#from = from;
  }

  async readAt(offset: number): Promise<Chunk | undefined> {
    if (this.#offset !== offset) {
      await this.close();
      this.#parts = this.#from.read([{ ...this.#request, offset }])[Symbol.asyncIterator]();
    }
    const { value, done } = (await this.#parts?.next()) ?? { done: true };
    if (done) return undefined;
    this.#offset = offset + value.data.length;
    return value;
  }

  async close(): Promise<void> {
    await this.#parts?.return?.();
    this.#parts = undefined;
  }
}
