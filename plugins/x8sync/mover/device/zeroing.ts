/** Makes parts of a device read as zeros: by a discard where the device guarantees that it does, else by writing them. */
import type { FileHandle } from 'node:fs/promises';
import type { Extent } from '../ranges/layout.ts';
import { run } from '../system/programs.ts';
import { isZero } from './blocks.ts';

const pieceBytes = 1 << 20;
const zeros = Buffer.alloc(pieceBytes);
/** So much is discarded at a time, so that a copy can be stopped in between. */
const discardBytes = 1 << 30;
/** Less than that is written sooner than a program is started. */
const worthDiscard = 1 << 20;

export class Zeroing {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #signal: AbortSignal;
  #discards = true;

  constructor(path: string, file: FileHandle, signal: AbortSignal) {
    this.#path = path;
    this.#file = file;
    this.#signal = signal;
  }

  /** @param done told of bytes that are zeros. @throws what writing throws, and the signal's reason. */
  async make([start, length]: Extent, done: (bytes: number) => void): Promise<void> {
    for (let at = start; at < start + length; at += discardBytes) {
      this.#signal.throwIfAborted();
      const bytes = Math.min(discardBytes, start + length - at);
      if (!(await this.#discard(at, bytes))) await this.#write(at, bytes);
      done(bytes);
    }
  }

  /** On a device, punching a hole succeeds only where the kernel knows that it reads as zeros then (fallocate(2)). */
  async #discard(offset: number, length: number): Promise<boolean> {
    if (!this.#discards || length < worthDiscard) return false;
    const args = ['--punch-hole', '--offset', String(offset), '--length', String(length), this.#path];
    const { code } = await run('fallocate', args, { signal: this.#signal });
    this.#discards = code === 0;
    return this.#discards;
  }

  async #write(offset: number, length: number): Promise<void> {
    for (let at = 0; at < length; ) {
      this.#signal.throwIfAborted();
      const piece = Math.min(pieceBytes, length - at);
      at += (await this.#file.write(zeros, 0, piece, offset + at)).bytesWritten;
    }
  }
}

/** Whether all of an extent reads as zeros. */
export async function readsAsZeros(file: FileHandle, [start, length]: Extent): Promise<boolean> {
  const buffer = Buffer.allocUnsafe(65_536);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, length - at), start + at);
    if (bytesRead === 0 || !isZero(buffer.subarray(0, bytesRead))) return false;
    at += bytesRead;
  }
  return true;
}
