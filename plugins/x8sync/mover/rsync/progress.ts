/**
 * What rsync tells of its progress:
 *
 *     1,238,099  45%  1.10MB/s  0:00:01 (xfr#3, to-chk=12/345)      to-chk: complete list; ir-chk: it still grows
 */
import type { MoverProgress } from '../protocol/protocol.ts';

export interface RsyncProgress {
  readonly bytes: number;
  /** Whole percents of the bytes of the list as it is now. */
  readonly percent: number;
  /** Bytes a second. */
  readonly rate: number;
  /** Entries that were looked at, of how many; absent where the line does not tell. */
  readonly checked?: { readonly done: number; readonly all: number; readonly growing: boolean };
  /**
   * What stands behind it on its line: the process that deletes does not know that the one that receives has left its
   * line open.
   */
  readonly rest?: string | undefined;
}

const form = /^ *(\d+) +(\d+)% +([\d.]+)(k|M|G)?B?\/s +\S+(?: \(xfr#\d+, (ir|to)-chk=(\d+)\/(\d+)\))?/;
const units: Readonly<Record<string, number>> = { k: 1 << 10, M: 1 << 20, G: 1 << 30 };

/** One line of progress, or undefined where it is none. */
export function parseProgress(line: string): RsyncProgress | undefined {
  const [whole = '', bytes, percent, rate, unit = '', list, left, all] = form.exec(line) ?? [];
  if (bytes === undefined) return undefined;
  const known = {
    bytes: Number(bytes),
    percent: Number(percent),
    rate: Math.floor(Number(rate) * (units[unit] ?? 1)),
    rest: line.slice(whole.length).trimStart() || undefined,
  };
  if (list === undefined) return known;
  return {
    ...known,
    checked: { done: Number(all) - Number(left), all: Number(all), growing: list === 'ir' },
  };
}

/** All that is there to copy: bytes of all files, each counted once, and entries of every kind. */
export interface Totals {
  readonly bytes: number;
  readonly entries: number;
}

/** A rate that stood for longer without anything coming would be untrue. */
const stillMs = 3000;

/** How far a copy is, over all of its attempts. */
export class ProgressGauge {
  readonly #base: number;
  readonly #totals: () => Totals | undefined;
  #checked = { done: 0, all: 0, growing: true };
  /** Bytes of the list as it was when rsync spoke last. */
  #listed = 0;
  /** Bytes of which rsync itself has spoken. */
  #told = 0;
  #before: { readonly moved: number; readonly at: number } | undefined;
  /** When something has moved last; undefined once it was said that nothing does. */
  #movedAt: number | undefined;
  /** Bytes that this attempt has brought. */
  moved = 0;

  /**
   * @param base bytes that earlier attempts have brought.
   * @param totals what the source has counted; undefined while it has not.
   */
  constructor(base: number, totals: () => Totals | undefined) {
    this.#base = base;
    this.#totals = totals;
  }

  /** The progress after one more word of rsync's. @param now milliseconds of a clock that nobody sets. */
  next({ bytes, percent, rate, checked }: RsyncProgress, now: number): MoverProgress {
    this.#told = bytes;
    this.#listed = listedBytes(bytes, percent);
    this.#checked = checked ?? this.#checked;
    if (bytes > this.moved) this.#movedAt = now;
    // Never less than was seen within a file.
    this.moved = Math.max(this.moved, bytes);
    this.#before = { moved: this.moved, at: now };
    return this.#at(rate);
  }

  /**
   * The progress within a file, between two words of rsync's; undefined where nothing has moved. Where nothing has for
   * some seconds, it is told once more, with no rate.
   *
   * @param written bytes that were written since the last one.
   */
  within(written: number, now: number): MoverProgress | undefined {
    const most = Math.max((this.#totals()?.bytes ?? Number.POSITIVE_INFINITY) - this.#base, this.#told);
    const moved = Math.min(this.#told + written, most);
    if (moved <= this.moved) return this.#still(now);
    this.moved = moved;
    this.#movedAt = now;
    const { moved: before, at } = this.#before ?? { moved: 0, at: now };
    this.#before = { moved, at: now };
    return this.#at(now > at ? Math.round(((moved - before) * 1000) / (now - at)) : 0);
  }

  #still(now: number): MoverProgress | undefined {
    if (this.#movedAt !== undefined && now - this.#movedAt < stillMs) return undefined;
    // What comes next has not taken all of this time.
    this.#before = { moved: this.moved, at: now };
    if (this.#movedAt === undefined) return undefined;
    this.#movedAt = undefined;
    return this.#at(0);
  }

  #at(rate: number): MoverProgress {
    const { done, all, growing } = this.#checked;
    const totals = this.#totals();
    const bytes = this.#base + this.moved;
    return {
      bytes,
      // A file that grows while it is copied brings more than was counted.
      totalBytes: Math.max(totals?.bytes ?? this.#listed, bytes),
      files: done,
      totalFiles: Math.max(totals?.entries ?? 0, all),
      rate,
      scanning: totals === undefined && growing,
    };
  }
}

/** The bytes of the list as it is by now, which rsync tells as a whole percentage only. */
function listedBytes(bytes: number, percent: number): number {
  return percent === 0 ? bytes : Math.round((bytes * 100) / percent);
}
