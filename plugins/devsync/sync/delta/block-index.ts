/** Finds blocks of a signature by their sums. */

import { strongSize, sumSize } from './block-sizes.ts';
import type { RollingSum } from './rolling-sum.ts';
import { type Signature, strongSum } from './signature.ts';

export class BlockIndex {
  readonly #sums: Buffer;
  readonly #count: number;
  readonly #weak: Uint32Array;
  /** Of blocks with the same weak sum the first one: who made the others alike could let us try them all. */
  readonly #byWeak = new Map<number, number>();
  /** A bit for each value of the lowest bits of a weak sum: almost all sums are told apart by it. */
  readonly #filter: Uint32Array;
  readonly #mask: number;

  constructor({ sums }: Signature, rolling: RollingSum) {
    this.#sums = sums;
    this.#count = Math.floor(sums.length / sumSize);
    this.#weak = new Uint32Array(this.#count);
    const bits = 1 << Math.max(16, Math.ceil(Math.log2(this.#count + 1)) + 5);
    this.#filter = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
    for (let block = 0; block < this.#count; block++) {
      const weak = rolling.linear(sums.readUInt32BE(block * sumSize));
      this.#weak[block] = weak;
      const bit = weak & this.#mask;
      (this.#filter[bit >>> 5] as number) |= 1 << (bit & 31);
      if (!this.#byWeak.has(weak)) this.#byWeak.set(weak, block);
    }
  }

  /** The block that has this weak sum, and so may be the one; -1 where none has. */
  candidate(weak: number): number {
    const bit = weak & this.#mask;
    if ((((this.#filter[bit >>> 5] as number) >>> (bit & 31)) & 1) === 0) return -1;
    return this.#byWeak.get(weak) ?? -1;
  }

  /**
   * Whether the window with this weak sum may well be this block, where one block follows another: once in four billion
   * times it is not, and then the whole content is found to be wrong.
   */
  mayBe(block: number, weak: number): boolean {
    return block < this.#count && this.#weak[block] === weak;
  }

  /** Whether the window is this block. */
  is(block: number, window: Uint8Array): boolean {
    const at = block * sumSize + 4;
    return strongSum(window).compare(this.#sums, at, at + strongSize, 0, strongSize) === 0;
  }
}
