/** Finds in a new content what the other side's basis has, and gives the differences: pure, in bounded memory. */
import { BlockIndex } from './block-index.ts';
import { RollingSum } from './rolling-sum.ts';
import type { Signature } from './signature.ts';

/** The next bytes of the content: themselves, or a range of the basis. */
export type Difference =
  | { readonly data: Uint8Array }
  /** Both in bytes. */
  | { readonly from: number; readonly length: number };

/** Bytes of new data in one difference. */
const dataSize = 256 << 10;
/** Bytes of a range of the basis: who puts it together serves others in between. */
export const rangeSize: number = 4 << 20;
/**
 * After so many bytes of which none is in the basis, only multiples of the block size are looked at, until a block is
 * found: contents that have nothing in common cost little more than without a look at them.
 */
const patience = 8 << 20;

/**
 * Takes a content in parts. What it gives, put together, is that content, but for weak sums that are the same by chance,
 * or by somebody's will: so the content has to be checked as a whole.
 */
export class DeltaEncoder {
  readonly #size: number;
  readonly #rolling: RollingSum;
  readonly #index: BlockIndex;
  readonly #buffer: Buffer;
  /** Of the content: what the buffer begins with. */
  #base: number;
  /** In the buffer: what is not given yet, the window, and the end of what is known. */
  #begin = 0;
  #at = 0;
  #end = 0;
  /** The window's weak sum, where it is known; then the window is none of the blocks. */
  #sum: number | undefined;
  /** The block that comes next where the content goes on as the basis does. */
  #expected: number | undefined;
  /** Bytes since the last block that was found. */
  #unmatched = 0;
  /** Bytes that may still be hashed in vain: a signature may be made up to cost time. */
  #vain: number;
  #range: { from: number; length: number } | undefined;

  /** @param start the byte of the content that the first part begins with. @param size bytes of the whole content. */
  constructor(signature: Signature, start: number, size: number) {
    this.#size = signature.blockSize;
    this.#rolling = new RollingSum(this.#size);
    this.#index = new BlockIndex(signature, this.#rolling);
    this.#buffer = Buffer.allocUnsafeSlow(2 * this.#size + 2 * dataSize);
    this.#base = start;
    this.#vain = size + 64 * this.#size;
    this.#expected = start % this.#size === 0 ? start / this.#size : undefined;
  }

  *push(part: Uint8Array): Generator<Difference> {
    for (let from = 0; from < part.length; from += dataSize) {
      const piece = part.subarray(from, from + dataSize);
      if (this.#end + piece.length > this.#buffer.length) this.#shift();
      this.#buffer.set(piece, this.#end);
      this.#end += piece.length;
      yield* this.#encode();
    }
  }

  /** The content has ended. */
  *finish(): Generator<Difference> {
    yield* this.#literals(this.#end);
    yield* this.#ranges();
  }

  *#encode(): Generator<Difference> {
    while (this.#end - this.#at >= this.#size) {
      const block = this.#find();
      if (block >= 0) yield* this.#found(block);
      else if (!this.#advance()) break;
    }
    while (Math.min(this.#at, this.#end) - this.#begin >= dataSize)
      yield* this.#literals(this.#begin + dataSize);
  }

  /** The block that the window is, or -1. */
  #find(): number {
    const window = this.#buffer.subarray(this.#at, this.#at + this.#size);
    const expected = this.#expected;
    this.#expected = undefined;
    this.#sum ??= this.#rolling.of(window);
    if (expected !== undefined && this.#index.mayBe(expected, this.#sum)) return expected;
    const block = this.#index.candidate(this.#sum);
    return block >= 0 && this.#is(block, window) ? block : -1;
  }

  #is(block: number, window: Uint8Array): boolean {
    if (this.#vain <= 0) return false;
    const isSame = this.#index.is(block, window);
    if (!isSame) this.#vain -= this.#size;
    return isSame;
  }

  *#found(block: number): Generator<Difference> {
    yield* this.#literals(this.#at);
    const from = block * this.#size;
    const range = this.#range;
    if (range && range.from + range.length === from && range.length < rangeSize) range.length += this.#size;
    else {
      yield* this.#ranges();
      this.#range = { from, length: this.#size };
    }
    this.#at += this.#size;
    this.#begin = this.#at;
    this.#expected = block + 1;
    this.#sum = undefined;
    this.#unmatched = 0;
  }

  /** Moves the window, which is none of the blocks, to where one may be. Returns whether it can be looked at. */
  #advance(): boolean {
    if (this.#unmatched >= patience || this.#vain <= 0) {
      const step = this.#size - ((this.#base + this.#at) % this.#size);
      this.#at += step;
      this.#sum = undefined;
      return true;
    }
    return this.#roll();
  }

  /** Rolls on to the next window whose sum a block has, or as far as is known. */
  #roll(): boolean {
    const [buffer, rolling, index, size] = [this.#buffer, this.#rolling, this.#index, this.#size];
    const last = Math.min(this.#end - size, this.#at + patience - this.#unmatched);
    const begun = this.#at;
    let [at, sum] = [begun, this.#sum as number];
    while (at < last) {
      sum = rolling.rolled(sum, buffer[at] as number, buffer[at + size] as number);
      at++;
      if (index.candidate(sum) >= 0) break;
    }
    this.#at = at;
    this.#sum = sum;
    this.#unmatched += at - begun;
    return at > begun;
  }

  /** What is in the buffer up to there, as data of its own: the buffer is used again. */
  *#literals(to: number): Generator<Difference> {
    if (to <= this.#begin) return;
    yield* this.#ranges();
    for (; this.#begin < to; this.#begin = Math.min(to, this.#begin + dataSize))
      yield { data: Buffer.from(this.#buffer.subarray(this.#begin, Math.min(to, this.#begin + dataSize))) };
  }

  *#ranges(): Generator<Difference> {
    if (this.#range) yield this.#range;
    this.#range = undefined;
  }

  /** Makes room: what was given is not needed any more. */
  #shift(): void {
    this.#buffer.copyWithin(0, this.#begin, this.#end);
    this.#base += this.#begin;
    this.#at -= this.#begin;
    this.#end -= this.#begin;
    this.#begin = 0;
  }
}
