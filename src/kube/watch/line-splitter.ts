/** Bytes to lines, for watches: the hot path, so it copies only what a chunk leaves unfinished. */
import { X8sError } from '../../errors.ts';

const lineFeed = 0x0a;

/** An object is at most a few MiB; a line beyond this is no event, and must not fill the memory. */
const maxLineBytes = 64 * 1024 * 1024;

export class LineSplitter {
  #rest: Uint8Array[] = [];
  #restBytes = 0;

  /** Whether bytes of an unfinished line are kept. */
  get unfinished(): boolean {
    return this.#restBytes > 0;
  }

  /**
   * The lines that this chunk completes, without their line feeds; empty lines are left out.
   * @throws {X8sError} a line without an end
   */
  push(chunk: Uint8Array): string[] {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: string[] = [];
    let start = 0;
    for (let end = buffer.indexOf(lineFeed); end !== -1; end = buffer.indexOf(lineFeed, start)) {
      const line = this.#finish(buffer, start, end);
      if (line !== '') lines.push(line);
      start = end + 1;
    }
    this.#keep(buffer.subarray(start));
    return lines;
  }

  #finish(buffer: Buffer, start: number, end: number): string {
    if (this.#restBytes === 0) return buffer.toString('utf8', start, end);
    const whole = Buffer.concat([...this.#rest, buffer.subarray(start, end)]);
    this.#rest = [];
    this.#restBytes = 0;
    return whole.toString('utf8');
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#restBytes += part.length;
    if (this.#restBytes > maxLineBytes) throw new X8sError(`a line of more than ${maxLineBytes} bytes`);
    this.#rest.push(part);
  }
}
