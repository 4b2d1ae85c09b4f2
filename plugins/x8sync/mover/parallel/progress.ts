/** How far all streams are together. */
import type { MoverProgress } from '../protocol/protocol.ts';
import type { Totals } from '../rsync/progress.ts';

export class StreamsProgress {
  readonly #totals: () => Totals | undefined;
  readonly #running = new Map<number, number>();
  #bytes = 0;
  #files = 0;
  #before: { readonly bytes: number; readonly at: number };

  /** @param totals what the source has counted; undefined while it has not. */
  constructor(totals: () => Totals | undefined, now: number) {
    this.#totals = totals;
    this.#before = { bytes: 0, at: now };
  }

  /** A stream has brought so many bytes of the partition that it is at. */
  moved(stream: number, bytes: number): void {
    this.#running.set(stream, bytes);
  }

  /** A stream is done with a partition, in which it brought this. */
  finished(stream: number, files: number, bytes: number): void {
    this.#running.delete(stream);
    this.#files += files;
    this.#bytes += bytes;
  }

  /** @param now milliseconds of a clock that nobody sets. */
  at(now: number): MoverProgress {
    const bytes = [...this.#running.values()].reduce((sum, moved) => sum + moved, this.#bytes);
    const seconds = (now - this.#before.at) / 1000;
    // A partition that is handed out again begins anew.
    const rate = seconds > 0 ? Math.max(0, Math.round((bytes - this.#before.bytes) / seconds)) : 0;
    this.#before = { bytes, at: now };
    const totals = this.#totals();
    return {
      bytes,
      totalBytes: Math.max(totals?.bytes ?? 0, bytes),
      files: this.#files,
      totalFiles: Math.max(totals?.entries ?? 0, this.#files),
      rate,
      scanning: totals === undefined,
    };
  }
}
