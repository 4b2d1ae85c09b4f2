/**
 * A signature tells what is in a file by digests of its blocks, so that the other side can send the differences to it
 * alone (the algorithm of rsync: https://rsync.samba.org/tech_report/). Each block has a weak sum that can be rolled on
 * from byte to byte, CRC-32, and a strong one.
 */
import * as crypto from 'node:crypto';
import { mostBlocks, strongSize, sumSize } from './block-sizes.ts';
import { crc32 } from './crc32.ts';

/** The blocks of a file, from its beginning; what is left at its end and fills no block is not among them. */
export interface Signature {
  /** Bytes of a block, a power of two. */
  readonly blockSize: number;
  /** Of each block the weak sum (4 bytes, big-endian) and the strong one. */
  readonly sums: Buffer;
}

/** What a block's strong sum is the beginning of. */
export const strongSum: (block: Uint8Array) => Buffer = crypto.hash
  ? (block) => crypto.hash('sha256', block, 'buffer')
  : // For Node before 20.12.
    (block) => crypto.createHash('sha256').update(block).digest();

/** Makes the signature of a file that is handed in in parts of any size. */
export class SignatureBuilder {
  readonly #blockSize: number;
  readonly #sums: Buffer[] = [];
  #hash: crypto.Hash = crypto.createHash('sha256');
  #weak = 0;
  /** Bytes of the block that is not full yet. */
  #filled = 0;

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
  }

  push(part: Uint8Array): void {
    for (let from = 0; from < part.length; ) {
      const piece = part.subarray(from, from + this.#blockSize - this.#filled);
      from += piece.length;
      // In one go, which is faster, where a block is in one part.
      if (piece.length === this.#blockSize) this.#add(crc32(piece, 0), strongSum(piece));
      else this.#fill(piece);
    }
  }

  get signature(): Signature {
    return { blockSize: this.#blockSize, sums: Buffer.concat(this.#sums) };
  }

  #fill(piece: Uint8Array): void {
    this.#weak = crc32(piece, this.#weak);
    this.#hash.update(piece);
    this.#filled += piece.length;
    if (this.#filled < this.#blockSize) return;
    this.#add(this.#weak, this.#hash.digest());
    [this.#hash, this.#weak, this.#filled] = [crypto.createHash('sha256'), 0, 0];
  }

  #add(weak: number, strong: Buffer): void {
    if (this.#sums.length === mostBlocks) return;
    const sum = Buffer.allocUnsafe(sumSize);
    sum.writeUInt32BE(weak, 0);
    strong.copy(sum, 4, 0, strongSize);
    this.#sums.push(sum);
  }
}
