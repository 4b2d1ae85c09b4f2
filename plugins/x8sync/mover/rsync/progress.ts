/**
 * What rsync tells of its progress:
 *
 *     1,238,099  45%  1.10MB/s  0:00:01 (xfr#3, to-chk=12/345)      to-chk: complete list; ir-chk: it still grows
 */
import type { MoverProgress } from '../protocol.ts';

export interface RsyncProgress {
  readonly bytes: number;
  /** Whole percents of the bytes of the list as it is now. */
  readonly percent: number;
  /** Bytes a second. */
  readonly rate: number;
  /** Entries that were looked at, of how many; absent where the line does not tell. */
  readonly checked?: { readonly done: number; readonly all: number; readonly growing: boolean };
}

const form = /^ *(\d+) +(\d+)% +([\d.]+)(k|M|G)?B?\/s +\S+(?: \(xfr#\d+, (ir|to)-chk=(\d+)\/(\d+)\))?/;
const units: Readonly<Record<string, number>> = { k: 1 << 10, M: 1 << 20, G: 1 << 30 };

/** One line of progress, or undefined where it is none. */
export function parseProgress(line: string): RsyncProgress | undefined {
  const [, bytes, percent, rate, unit = '', list, left, all] = form.exec(line) ?? [];
  if (bytes === undefined) return undefined;
  const known = {
    bytes: Number(bytes),
    percent: Number(percent),
    rate: Math.floor(Number(rate) * (units[unit] ?? 1)),
  };
  if (list === undefined) return known;
  return {
    ...known,
    checked: { done: Number(all) - Number(left), all: Number(all), growing: list === 'ir' },
  };
}

/** How far a copy is, over all of its attempts. */
export class ProgressGauge {
  readonly #base: number;
  readonly #guess: number;
  #checked = { done: 0, all: 0, growing: true };
  /** Bytes that this attempt has brought. */
  moved = 0;

  /**
   * @param base bytes that earlier attempts have brought.
   * @param guess bytes that the source's file system has in use.
   */
  constructor(base: number, guess: number) {
    this.#base = base;
    this.#guess = guess;
  }

  /** The progress after one more word of rsync's. */
  next({ bytes, percent, rate, checked }: RsyncProgress): MoverProgress {
    this.moved = bytes;
    this.#checked = checked ?? this.#checked;
    const { done, all, growing } = this.#checked;
    const totalBytes = this.#total(bytes, percent);
    return {
      bytes: Math.min(this.#base + bytes, totalBytes),
      totalBytes,
      files: done,
      totalFiles: all,
      rate,
      scanning: growing,
    };
  }

  /**
   * rsync tells the total only as a whole percentage, and while the list grows not even that. What the source's file
   * system has in use is a better guess, within the bounds that the percentage sets.
   */
  #total(bytes: number, percent: number): number {
    if (this.#checked.growing || percent === 0) return Math.max(this.#guess, bytes);
    const low = Math.round((bytes * 100) / (percent + 1));
    const high = Math.round((bytes * 100) / percent);
    return Math.min(Math.max(this.#guess, low), high);
  }
}
