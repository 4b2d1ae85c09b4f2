/**
 * CRC-32 of a window that moves on byte by byte. CRC-32 is linear: what a byte does to the sum of a window is the same
 * whatever the other bytes are, so it can be taken out again.
 */
import { crc32, crcTable } from './crc32.ts';

export class RollingSum {
  /** Of a window of zeros. Without it, sums of windows of this size are linear. */
  readonly #zeros: number;
  /** By the value of a byte: what it has done to the sum by the time that it leaves the window. */
  readonly #leaving: Uint32Array;

  /** @param size bytes of the window. */
  constructor(size: number) {
    const window = new Uint8Array(size + 1);
    this.#zeros = crc32(window.subarray(1), 0);
    const none = crc32(window, 0);
    this.#leaving = new Uint32Array(256);
    for (let bit = 1; bit < 256; bit *= 2) {
      window[0] = bit;
      const effect = crc32(window, 0) ^ none;
      for (let low = 0; low < bit; low++) this.#leaving[bit + low] = effect ^ (this.#leaving[low] as number);
    }
  }

  /** The linear form of a window's CRC-32, which all others here are of. */
  linear(crc: number): number {
    return (crc ^ this.#zeros) >>> 0;
  }

  /** The sum of a window. */
  of(window: Uint8Array): number {
    return this.linear(crc32(window, 0));
  }

  /** The sum when one byte has left the window and another one has come in behind. */
  rolled(sum: number, out: number, incoming: number): number {
    const moved = (crcTable[(sum ^ incoming) & 0xff] as number) ^ (sum >>> 8);
    return (moved ^ (this.#leaving[out] as number)) >>> 0;
  }
}
