/**
 * Contents of this workstation that several sessions of a sync send at about the same time: each is read once, and packed
 * once. A session that lags behind reads for itself what is not kept any more, so that it neither holds up the others nor
 * makes memory grow.
 */
import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../../../src/clock.ts';
import { free } from '../../../../src/free.ts';
import type { Chunk, ContentRequest, Contents, Endpoint } from '../../sync/endpoint.ts';
import { chunkSize } from '../../sync/scan/digest.ts';
import { SharedBody, share } from '../../wire/shared-body.ts';
import { Pace, type Place } from './pace.ts';
import { SharedChunks } from './shared-chunks.ts';

type Reader = Pick<Endpoint, 'read'>;

/** Where a session gets contents that others may send as well. */
export type ContentsSource = Pick<SharedContents, 'take' | 'read'>;

/** A session that takes part. */
export interface ContentsShare extends ContentsSource {
  /** It ends that. */
  leave(): void;
}

/** Small contents that are in use until they are released. */
export interface LentContents {
  readonly contents: Contents;
  /** The session is done with them. @param isGood all of them were what they were said to be. */
  release(isGood: boolean): void;
}

/** Small contents of one batch. */
interface Batch {
  readonly loaded: Promise<Loaded>;
  users: number;
  /** Sessions that have had it. */
  takers: number;
  readonly bytes: number;
  /** It is lent to nobody else. */
  isOver: boolean;
}

interface Loaded {
  readonly contents: Contents;
  readonly slabs: ReadonlySet<Uint8Array>;
}

/** Bytes of contents that nobody uses right now, and another session may want yet. */
const keptBytes = 16 << 20;

export class SharedContents {
  readonly #limit: number;
  /** By the digests of what is in it; those that were used last are the last ones. */
  readonly #batches = new Map<string, Batch>();
  readonly #chunks: SharedChunks;
  readonly #pace: Pace;
  #sessions = 0;

  /** @param limit bytes that are kept beside those that are in use. */
  constructor(limit = keptBytes, clock: Clock = systemClock) {
    this.#limit = limit;
    this.#chunks = new SharedChunks(() => this.#sessions < 2, clock);
    this.#pace = new Pace(clock, limit);
  }

  /** A session begins to take part. */
  join(): ContentsShare {
    this.#sessions++;
    const place = this.#pace.join();
    return {
      take: (needs, from, signal) => this.#takeAt(place, needs, from, signal),
      read: (needs, from, signal) => this.read(needs, from, signal),
      leave: () => {
        this.#sessions--;
        this.#pace.leave(place);
        this.#sweep();
      },
    };
  }

  async #takeAt(
    place: Place,
    needs: readonly ContentRequest[],
    from: Reader,
    signal: AbortSignal,
  ): Promise<LentContents> {
    if (this.#sessions < 2 || needs.length === 0) return await takeAlone(needs, from, signal);
    await this.#pace.awaitOthers(place, signal);
    this.#pace.advance(place, sizeOf(needs));
    return await this.take(needs, from, signal);
  }

  /** Small contents, together; those that have gone or changed meanwhile are left out. */
  async take(needs: readonly ContentRequest[], from: Reader, signal: AbortSignal): Promise<LentContents> {
    if (this.#sessions < 2 || needs.length === 0) return await takeAlone(needs, from, signal);
    const key = keyOf(needs);
    const batch = this.#batches.get(key) ?? this.#begin(needs, from);
    this.#batches.delete(key);
    this.#batches.set(key, batch);
    batch.users++;
    batch.takers++;
    const release = (isGood: boolean) => {
      batch.users--;
      // What is not what it was said to be is read again by whoever wants it next.
      if (!isGood || batch.isOver || batch.takers >= this.#sessions) this.#end(key, batch);
      this.#sweep();
    };
    try {
      const { contents } = await batch.loaded;
      signal.throwIfAborted();
      if (contents.size < needs.length) this.#end(key, batch);
      return { contents, release };
    } catch (error) {
      release(false);
      throw error;
    }
  }

  /** Contents of any size, as an endpoint's `read`: the parts of large ones are shared. */
  read(needs: readonly ContentRequest[], from: Reader, signal: AbortSignal): AsyncIterable<Chunk> {
    const areLarge = needs.some(({ size }) => size >= chunkSize);
    return areLarge ? this.#chunks.read(needs, from, signal) : from.read(needs, signal);
  }

  #begin(needs: readonly ContentRequest[], from: Reader): Batch {
    const bytes = sizeOf(needs);
    // Not by the signal of the one that came first: others want it, too.
    const loaded = load(needs, from).then((one) => {
      share(one.contents, new SharedBody([...one.contents.values()]));
      return one;
    });
    loaded.catch(() => {});
    return { loaded, users: 0, takers: 0, bytes, isOver: false };
  }

  /** It goes once nobody uses it. */
  #end(key: string, batch: Batch): void {
    batch.isOver = true;
    if (this.#batches.get(key) === batch) this.#batches.delete(key);
    if (batch.users === 0) void batch.loaded.then(freeAll, () => {});
  }

  /** Drops what is beyond the limit, the oldest first; everything where nothing is in use. */
  #sweep(): void {
    const unused = [...this.#batches].filter(([, { users }]) => users === 0);
    const isIdle = unused.length === this.#batches.size && !this.#pace.isAwaited;
    const isAtRest = isIdle || this.#sessions < 2;
    if (isAtRest) this.#pace.rest();
    let bytes = unused.reduce((sum, [, batch]) => sum + batch.bytes, 0);
    for (const [key, batch] of unused) {
      if (!isAtRest && bytes <= this.#limit) return;
      bytes -= batch.bytes;
      this.#end(key, batch);
    }
  }
}

/** The same, for a session that has them for itself. */
export async function takeAlone(
  needs: readonly ContentRequest[],
  from: Reader,
  signal: AbortSignal,
): Promise<LentContents> {
  const loaded = await load(needs, from, signal);
  return { contents: loaded.contents, release: () => freeAll(loaded) };
}

async function load(needs: readonly ContentRequest[], from: Reader, signal?: AbortSignal): Promise<Loaded> {
  const contents = new Map<string, Uint8Array>();
  const slabs = new Set<Uint8Array>();
  if (needs.length === 0) return { contents, slabs };
  for await (const { digest, data, slab } of from.read(needs, signal)) {
    contents.set(digest, data);
    if (slab) slabs.add(slab);
  }
  return { contents, slabs };
}

const sizeOf = (needs: readonly ContentRequest[]): number => needs.reduce((sum, { size }) => sum + size, 0);

function freeAll({ slabs }: Loaded): void {
  for (const slab of slabs) free(slab);
}

function keyOf(needs: readonly ContentRequest[]): string {
  const hash = createHash('sha256');
  for (const { digest } of needs) hash.update(digest);
  return hash.digest('hex');
}
