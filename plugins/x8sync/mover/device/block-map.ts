/** Which blocks of a device are to come from the source, and which are to be made zeros: a quarter of a byte for each. */
import type { Extent, Range } from '../ranges/layout.ts';
import { rangesOf } from '../ranges/layout.ts';
import { blockBytes, blocksIn } from './blocks.ts';

export type Change = 'fetch' | 'zero';

/** So much one stream fetches at a time: what a broken connection costs at most. */
const rangeBytes = 32 << 20;

export class BlockMap {
  readonly deviceBytes: number;
  readonly #bits: Readonly<Record<Change, Uint8Array>>;

  constructor(deviceBytes: number) {
    this.deviceBytes = deviceBytes;
    const bytes = Math.ceil(blocksIn(deviceBytes) / 8);
    this.#bits = { fetch: new Uint8Array(bytes), zero: new Uint8Array(bytes) };
  }

  add(change: Change, block: number): void {
    const bits = this.#bits[change];
    bits[block >> 3] = (bits[block >> 3] ?? 0) | (1 << (block & 7));
  }

  #has(change: Change, block: number): boolean {
    return ((this.#bits[change][block >> 3] ?? 0) & (1 << (block & 7))) !== 0;
  }

  /** Neighbouring blocks of a kind, as bytes of the device, in their order. */
  *extents(change: Change): Generator<Extent> {
    const blocks = blocksIn(this.deviceBytes);
    for (let block = 0; block < blocks; block += 1) {
      if (!this.#has(change, block)) continue;
      const first = block;
      while (block + 1 < blocks && this.#has(change, block + 1)) block += 1;
      const start = first * blockBytes;
      yield [start, Math.min((block + 1) * blockBytes, this.deviceBytes) - start];
    }
  }

  /** What is to come, cut into pieces that are fetched one by one. */
  ranges(): Generator<Range> {
    return rangesOf(this.extents('fetch'), rangeBytes);
  }

  /** Bytes of a kind. */
  bytes(change: Change): number {
    let sum = 0;
    for (const [, length] of this.extents(change)) sum += length;
    return sum;
  }
}
