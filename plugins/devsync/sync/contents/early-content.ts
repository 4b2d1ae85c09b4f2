/**
 * A large content that goes to the other side while it is still read here for its digest. What is the same in the version
 * that the other side has is known block by block. Its digest comes last: until then it goes by a name.
 */
import { randomBytes } from 'node:crypto';
import { ContentCode, newCodeKey } from '../delta/content-code.ts';
import { rangeSize } from '../delta/delta-encoder.ts';
import {
  type BlockSums,
  type Blocks,
  blockSize,
  lengthOf,
  mayHaveMoved,
  type Range,
} from '../delta/known-blocks.ts';
import type { Chunk, EarlyContent } from '../endpoint.ts';

export interface EarlyOptions {
  readonly path: string;
  /** The digest of the version before, and its blocks. */
  readonly old: string;
  readonly before: Blocks;
  /** Bytes of the content. */
  readonly size: number;
  /** Reads a part of the file. */
  readonly read: (range: Range) => AsyncIterable<Uint8Array>;
}

interface Piece extends Range {
  readonly isSame: boolean;
}

const nothing = new Uint8Array();

export class EarlyReading implements EarlyContent {
  readonly name: string = randomBytes(32).toString('hex');
  readonly key: string = newCodeKey();
  readonly #coding: ContentCode = new ContentCode(this.key);
  readonly #options: EarlyOptions;
  readonly #pieces: Piece[] = [];
  /** What was found last, which may go on. */
  #piece: Piece | undefined;
  #block = 0;
  #differing = 0;
  #digest: string | undefined;
  #code: string | undefined;
  #isOver = false;
  #wake: () => void = () => {};
  #last: Chunk | undefined;

  constructor(options: EarlyOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  get old(): string {
    return this.#options.old;
  }

  get digest(): string | undefined {
    return this.#digest;
  }

  get code(): string | undefined {
    return this.#code;
  }

  /** The next part was read, and so much in all. */
  read(part: Uint8Array, sums: BlockSums): void {
    if (this.#isOver) return;
    this.#coding.update(part);
    const { before, size } = this.#options;
    const { whole } = sums;
    if (whole.length * blockSize > size) this.drop();
    for (; this.#block < whole.length && !this.#isOver; this.#block++) {
      const isFull = lengthOf(before, this.#block) === blockSize;
      this.#add(blockSize, isFull && before.sums[this.#block] === whole[this.#block]);
    }
  }

  /** All was read, and is this content. */
  end(digest: string): void {
    // It was only touched.
    if (digest === this.#options.old) this.drop();
    if (this.#isOver) return;
    const rest = this.#options.size - this.#block * blockSize;
    // It is short, and not worth a comparison.
    if (rest > 0) this.#add(rest, false);
    if (this.#isOver) return;
    this.#flush();
    this.#code = this.#coding.end();
    this.#digest = digest;
    this.#finish();
  }

  /** It is given up, unless it has come to its end: the file was changed while it was read, or much may have moved. */
  drop(): void {
    if (this.#digest !== undefined) return;
    this.#pieces.length = 0;
    this.#finish();
  }

  async *chunks(): AsyncGenerator<Chunk> {
    for await (const chunk of this.#all()) {
      if (this.#last) yield this.#last;
      this.#last = chunk;
    }
  }

  get last(): Chunk | undefined {
    return this.#digest === undefined || this.#last === undefined
      ? undefined
      : { ...this.#last, digest: this.#digest };
  }

  async *#all(): AsyncGenerator<Chunk> {
    const { path, size, read } = this.#options;
    for await (const { from, length, isSame } of this.#found()) {
      const common = { digest: this.name, size };
      if (isSame) {
        yield { ...common, offset: from, data: nothing, copied: { path, from, length } };
        continue;
      }
      let offset = from;
      for await (const data of read({ from, length })) {
        yield { ...common, offset, data };
        offset += data.length;
      }
      if (offset < from + length) throw new Error('it was changed meanwhile');
    }
  }

  async *#found(): AsyncGenerator<Piece> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) yield piece;
      else if (this.#isOver) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #add(length: number, isSame: boolean): void {
    const piece = this.#piece;
    if (!isSame) this.#differing += length;
    if (mayHaveMoved(this.#differing, this.#options.size)) this.drop();
    else if (piece && piece.isSame === isSame && piece.length < rangeSize)
      this.#piece = { ...piece, length: piece.length + length };
    else {
      this.#flush();
      this.#piece = { from: piece ? piece.from + piece.length : 0, length, isSame };
    }
  }

  #flush(): void {
    if (this.#piece) this.#pieces.push(this.#piece);
    this.#wake();
  }

  #finish(): void {
    this.#isOver = true;
    this.#wake();
  }
}
