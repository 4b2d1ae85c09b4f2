/**
 * Memory of large frames that come in: what one was in is used again for the next one. Memory that is new costs more than
 * what is done in it, since the system gives each page of it, cleared, when it is first touched.
 */
import { free } from '../../../src/free.ts';

/** Bytes of a frame that is worth it, which are also the steps in which memory is taken. */
const step = 256 << 10;
/** Bytes that are kept, and the milliseconds after which they go back to the system. */
const [keptBytes, keptFor] = [8 << 20, 1000];

export class FrameMemory {
  readonly #lent = new WeakSet<ArrayBufferLike>();
  /** The smallest first. */
  #kept: ArrayBuffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Memory for so many bytes. It is never handed out twice before it is given back. */
  take(length: number): Buffer {
    if (length < step) return Buffer.allocUnsafeSlow(length);
    const fitting = this.#kept.findIndex(({ byteLength }) => byteLength >= length);
    const [memory] = fitting < 0 ? [] : this.#kept.splice(fitting, 1);
    if (memory !== undefined) this.#bytes -= memory.byteLength;
    const whole = memory ?? (Buffer.allocUnsafeSlow(Math.ceil(length / step) * step).buffer as ArrayBuffer);
    this.#lent.add(whole);
    return Buffer.from(whole, 0, length);
  }

  /** Nobody looks any more at what this is the larger part of. */
  give(part: Uint8Array): void {
    const { buffer } = part;
    if (this.#kept.some((one) => one === buffer)) return;
    if (!this.#lent.delete(buffer) || this.#bytes + buffer.byteLength > keptBytes) {
      free(part);
      return;
    }
    this.#bytes += buffer.byteLength;
    this.#kept.push(buffer as ArrayBuffer);
    this.#kept.sort((one, other) => one.byteLength - other.byteLength);
    this.#timer ??= setTimeout(() => this.#drop(), keptFor).unref();
    this.#timer.refresh();
  }

  #drop(): void {
    for (const one of this.#kept) free(new Uint8Array(one));
    [this.#kept, this.#bytes, this.#timer] = [[], 0, undefined];
  }
}

/** That of this process. */
export const frameMemory = new FrameMemory();
