/**
 * Weak sums of the blocks of large contents that were read here, by digest. Two versions of a file are compared by them,
 * each block at its place, without reading either again or asking the other side for its signature.
 */
import { type Mark, markSize } from './content-hash.ts';
import { crc32 } from './crc32.ts';

/** Bytes of a block. */
export const blockSize: number = 32 << 10;
/** Bytes from which on the blocks of a content are remembered. */
const least = 1 << 20;
/** Bytes that are remembered: of contents of 64 GiB together, or of 10 GiB with all that saves hashing them again. */
const limit = 8 << 20;
/** Where more than so many bytes differ, and more than this part of the content, they may only have moved. */
const [fewBytes, smallPart] = [2 << 20, 1 / 512];

/** A range of a content, in bytes. */
export interface Range {
  readonly from: number;
  readonly length: number;
}

export interface Blocks {
  /** Bytes of the content. */
  readonly size: number;
  /** Of each block, also of what is left at the end and fills none. */
  readonly sums: Uint32Array;
  /** By which the next version is hashed. */
  readonly marks?: readonly Mark[];
}

/** Takes the sums of a content that is handed in in parts of any size. */
export class BlockSums {
  readonly #sums: number[] = [];
  #sum = 0;
  #size = 0;

  push(part: Uint8Array): void {
    for (let from = 0; from < part.length; ) {
      const room = blockSize - (this.#size % blockSize);
      const piece = part.subarray(from, from + room);
      this.#sum = crc32(piece, this.#sum);
      this.#size += piece.length;
      from += piece.length;
      if (piece.length === room) this.#end();
    }
  }

  /** The sums of whole blocks so far. */
  get whole(): readonly number[] {
    return this.#sums;
  }

  /** Of all that was handed in; nothing may follow. */
  get blocks(): Blocks {
    if (this.#size % blockSize > 0) this.#end();
    return { size: this.#size, sums: Uint32Array.from(this.#sums) };
  }

  #end(): void {
    this.#sums.push(this.#sum);
    this.#sum = 0;
  }
}

export class KnownBlocks {
  /** The one that was used last comes last. */
  readonly #byDigest = new Map<string, Blocks>();
  #bytes = 0;

  /** For a content of this size; undefined where it is too small to be remembered. */
  sumsFor(size: number): BlockSums | undefined {
    return size < least ? undefined : new BlockSums();
  }

  /** Remembers a content. Where that is too much, those go that were not used for the longest time. */
  add(digest: string, { blocks }: Pick<BlockSums, 'blocks'>, marks: readonly Mark[] = []): void {
    this.#forget(digest);
    const both = { ...blocks, marks };
    const kept = bytesOf(both) > limit ? blocks : both;
    if (bytesOf(kept) > limit) return;
    this.#byDigest.set(digest, kept);
    this.#bytes += bytesOf(kept);
    for (const oldest of this.#byDigest.keys()) {
      if (this.#bytes <= limit) return;
      this.#forget(oldest);
    }
  }

  /** The blocks of a content that is known. */
  get(digest: string): Blocks | undefined {
    return this.#use(digest);
  }

  /**
   * What two contents have at the same place, in order. Once in four billion blocks it is another one, so what is made of
   * it has to be checked as a whole. Undefined where one of the two is not known, or so much differs that most of it may
   * be elsewhere in the other one.
   */
  unchanged(old: string, wanted: string): readonly Range[] | undefined {
    const [before, after] = [this.#use(old), this.#use(wanted)];
    if (before === undefined || after === undefined) return undefined;
    const ranges = [...rangesInBoth(before, after)];
    const same = ranges.reduce((sum, { length }) => sum + length, 0);
    return mayHaveMoved(after.size - same, after.size) ? undefined : ranges;
  }

  #use(digest: string): Blocks | undefined {
    const blocks = this.#byDigest.get(digest);
    if (blocks === undefined) return undefined;
    this.#byDigest.delete(digest);
    this.#byDigest.set(digest, blocks);
    return blocks;
  }

  #forget(digest: string): void {
    const blocks = this.#byDigest.get(digest);
    if (blocks) this.#bytes -= bytesOf(blocks);
    this.#byDigest.delete(digest);
  }
}

const bytesOf = ({ sums, marks = [] }: Blocks): number => sums.byteLength + marks.length * markSize;

/** @param differing bytes of a content that are not at their place in another version. */
export function mayHaveMoved(differing: number, size: number): boolean {
  return differing > fewBytes + size * smallPart;
}

function* rangesInBoth(before: Blocks, after: Blocks): Generator<Range> {
  let from = 0;
  let length = 0;
  for (let block = 0; block < after.sums.length; block++) {
    const size = lengthOf(after, block);
    const isSame = after.sums[block] === before.sums[block] && size === lengthOf(before, block);
    if (isSame) length += size;
    if (isSame) continue;
    if (length > 0) yield { from, length };
    [from, length] = [(block + 1) * blockSize, 0];
  }
  if (length > 0) yield { from, length };
}

/** Bytes of a block: fewer at the end, and none after it. */
export const lengthOf = ({ size }: Blocks, block: number): number =>
  Math.min(blockSize, size - block * blockSize);
