/** How far all streams are together, and each by itself. */
import type { MoverProgress, StreamFigures } from '../protocol/protocol.ts';
import type { Totals } from '../rsync/progress.ts';

/** One stream's own. */
interface Done {
  files: number;
  /** Of the partitions that it is done with. */
  bytes: number;
  /** Of the one that it is at. */
  running: number;
  worker: number | undefined;
  /** What was told of it last. */
  before: { readonly bytes: number; readonly at: number };
}

export class StreamsProgress {
  readonly #totals: () => Totals | undefined;
  readonly #streams = new Map<number, Done>();
  readonly #began: number;
  #before: { readonly bytes: number; readonly at: number };

  /** @param totals what the source has counted; undefined while it has not. */
  constructor(totals: () => Totals | undefined, now: number) {
    this.#totals = totals;
    this.#began = now;
    this.#before = { bytes: 0, at: now };
  }

  #of(stream: number): Done {
    const known = this.#streams.get(stream);
    if (known) return known;
    const before = { bytes: 0, at: this.#began };
    const done: Done = { files: 0, bytes: 0, running: 0, worker: undefined, before };
    this.#streams.set(stream, done);
    return done;
  }

  /** A stream has brought so many bytes of the partition that it is at. */
  moved(stream: number, bytes: number): void {
    this.#of(stream).running = bytes;
  }

  /** A stream is done with a partition, in which it brought this. */
  finished(stream: number, files: number, bytes: number): void {
    const done = this.#of(stream);
    done.running = 0;
    done.files += files;
    done.bytes += bytes;
  }

  /** A worker has a stream's place from now on, or, where undefined, the mover itself. */
  placed(stream: number, worker: number | undefined): void {
    this.#of(stream).worker = worker;
  }

  /** @param now milliseconds of a clock that nobody sets. */
  at(now: number): MoverProgress {
    const all = [...this.#streams.values()];
    const bytes = all.reduce((sum, done) => sum + done.bytes + done.running, 0);
    const files = all.reduce((sum, done) => sum + done.files, 0);
    const rate = rateOf(this.#before, bytes, now);
    this.#before = { bytes, at: now };
    const totals = this.#totals();
    return {
      bytes,
      totalBytes: Math.max(totals?.bytes ?? 0, bytes),
      files,
      totalFiles: Math.max(totals?.entries ?? 0, files),
      rate,
      scanning: totals === undefined,
    };
  }

  /** Each stream by itself, in the order of their numbers. */
  each(now: number): StreamFigures[] {
    const inOrder = [...this.#streams].sort(([one], [other]) => one - other);
    return inOrder.map(([stream, done]) => {
      const bytes = done.bytes + done.running;
      const rate = rateOf(done.before, bytes, now);
      done.before = { bytes, at: now };
      return { stream, worker: done.worker, files: done.files, bytes, rate };
    });
  }
}

/** A partition that is handed out again begins anew: what is less than before is no rate. */
function rateOf(before: { readonly bytes: number; readonly at: number }, bytes: number, now: number): number {
  const seconds = (now - before.at) / 1000;
  return seconds > 0 ? Math.max(0, Math.round((bytes - before.bytes) / seconds)) : 0;
}
