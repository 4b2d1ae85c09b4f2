/**
 * Parts of large contents that several sessions send at about the same time: each is read once, and packed once. A part
 * is kept for a short while only. Who is ahead waits for who is behind, but never for long: a session that comes no
 * further reads for itself.
 */

import { limited } from '../../../../src/async/until.ts';
import type { Clock } from '../../../../src/clock.ts';
import type { Chunk, ContentRequest, Endpoint } from '../../sync/endpoint.ts';
import { chunkSize } from '../../sync/scan/digest.ts';
import { SharedBody, share } from '../../wire/shared-body.ts';

type Reader = Pick<Endpoint, 'read'>;

/** Bytes of parts that are kept. */
const keptBytes = 8 << 20;
/** Milliseconds for which others wait, in all, for a reader that comes no further. */
const patienceMs = 500;
/** What a reader earns with each part that it takes: nobody is slowed down by another below 25 MiB a second. */
const earnedMs = 10;

/** Milliseconds for which parts are kept that nobody reads right now. */
const restMs = 1_000;

/** How far a session is in a content. */
interface Place {
  readonly digest: string;
  offset: number;
  /** How long others may yet wait for it, in milliseconds. */
  patienceMs: number;
  /** Resolves when it comes further, or ends. */
  moved: PromiseWithResolvers<void>;
}

interface KeptPart {
  readonly digest: string;
  readonly offset: number;
  /** Undefined where there is none, since the file has changed. */
  readonly chunk: Promise<Chunk | undefined>;
}

export class SharedChunks {
  readonly #isAlone: () => boolean;
  readonly #limit: number;
  readonly #clock: Clock;
  /** By content and offset, the oldest first. */
  readonly #chunks = new Map<string, KeptPart>();
  readonly #places = new Set<Place>();
  #readers = 0;
  /** Times that nobody read any more. */
  #rests = 0;

  /** @param isAlone whether there is nobody to share with. @param limit bytes that are kept. */
  constructor(isAlone: () => boolean, clock: Clock, limit = keptBytes) {
    this.#isAlone = isAlone;
    this.#limit = limit;
    this.#clock = clock;
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
      if (this.#readers === 0) void this.#clearAtRest();
    }
  }

  /** Drops what is kept, unless somebody reads again soon: sessions are hardly ever at the same place. */
  async #clearAtRest(): Promise<void> {
    const rest = ++this.#rests;
    if (this.#chunks.size > 0) await this.#clock.sleep(restMs);
    if (this.#readers === 0 && this.#rests === rest) this.#chunks.clear();
  }

  async *#shared(request: ContentRequest, from: Reader, signal: AbortSignal): AsyncGenerator<Chunk> {
    const own = new Continued(request, from);
    const { digest, offset } = request;
    const place: Place = { digest, offset, patienceMs, moved: Promise.withResolvers() };
    this.#places.add(place);
    try {
      while (place.offset < request.size) {
        signal.throwIfAborted();
        await this.#awaitOthers(place, signal);
        const chunk = await this.#chunk(request, place.offset, own);
        if (chunk === undefined) return;
        yield chunk;
        move(place, chunk.data.length);
      }
    } finally {
      this.#places.delete(place);
      move(place, 0);
      await own.close();
    }
  }

  /** Waits for those that want the part which the next one would push out. */
  async #awaitOthers(place: Place, signal: AbortSignal): Promise<void> {
    for (;;) {
      const behind = this.#has(place.digest, place.offset) ? undefined : this.#whoNeedsOldest();
      if (behind === undefined) return;
      const { moved, patienceMs: limitMs } = behind;
      const since = this.#clock.monotonic();
      await limited(moved.promise, limitMs, () => new Late(), this.#clock, signal).catch((error) => {
        if (!(error instanceof Late)) throw error;
        behind.patienceMs = 0;
      });
      behind.patienceMs = Math.max(0, behind.patienceMs - (this.#clock.monotonic() - since));
    }
  }

  /**
   * Who still wants the part that the next one would push out, be it of another content. One whose own next part is gone
   * reads for itself already, and is not waited for.
   */
  #whoNeedsOldest(): Place | undefined {
    const [oldest] = this.#chunks;
    if (oldest === undefined || (this.#chunks.size + 1) * chunkSize <= this.#limit) return undefined;
    const [, { digest, offset }] = oldest;
    return [...this.#places].find(
      (other) =>
        other.digest === digest &&
        other.offset <= offset &&
        other.patienceMs > 0 &&
        this.#has(digest, other.offset),
    );
  }

  #has(digest: string, offset: number): boolean {
    return this.#chunks.has(keyOf(digest, offset));
  }

  #chunk({ digest }: ContentRequest, offset: number, own: Continued): Promise<Chunk | undefined> {
    const key = keyOf(digest, offset);
    const known = this.#chunks.get(key);
    // The last of several, too, takes what the others had before it.
    if (known !== undefined) return known.chunk;
    if (this.#isAlone()) return own.readAt(offset);
    const read = own.readAt(offset).then((chunk) => {
      if (chunk) share(chunk.data, new SharedBody([chunk.data]));
      else this.#chunks.delete(key);
      return chunk;
    });
    read.catch(() => this.#chunks.delete(key));
    this.#chunks.set(key, { digest, offset, chunk: read });
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size * chunkSize <= this.#limit) break;
      this.#chunks.delete(oldest);
    }
    return read;
  }
}

/** A reader comes no further in time. */
class Late extends Error {}

const keyOf = (digest: string, offset: number): string => `${digest} ${offset}`;

function move(place: Place, bytes: number): void {
  place.offset += bytes;
  place.patienceMs = Math.min(patienceMs, place.patienceMs + earnedMs);
  place.moved.resolve();
  place.moved = Promise.withResolvers();
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
