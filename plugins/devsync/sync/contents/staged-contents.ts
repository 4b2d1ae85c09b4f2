/**
 * The contents in a staging folder: their sizes, whether each is verified, and whether it is about to be used. They are
 * bounded: what has no room is refused, and unused contents are removed, the oldest first.
 */
import { lstatSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { formatBytes } from '../../../../src/ui/format.ts';
import type { Folder } from '../files/folder.ts';
import { contentName } from './staging-folder.ts';

/** Bytes of unused contents that are kept for the next attempt; the newest one stays in any case. */
const unusedLimit = 256 << 20;

/** Free bytes that staging leaves to others: so much, and a part of the file system where that is less. */
const [reserveBytes, reservePart] = [64 << 20, 0.05];

interface StagedContent {
  readonly size: number;
  readonly isVerified: boolean;
  /** It is not about to be used. */
  readonly isUnused: boolean;
}

export class StagedContents {
  readonly #folder: Folder;
  readonly #limit: number;
  /** By file name, in the order in which they came. */
  readonly #held = new Map<string, StagedContent>();
  #bytes = 0;
  #unusedBytes = 0;

  /** Counts what is there. @param limit bytes of all that may lie there at a time. */
  constructor(folder: Folder, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
    const found = readdirSync(folder.path).filter((name) => contentName.test(name));
    const withStats = found.map((name) => ({ name, stats: lstatSync(folder.at(name)) }));
    for (const { name, stats } of withStats.sort((one, other) => one.stats.mtimeMs - other.stats.mtimeMs))
      this.#add(name, { size: stats.size, isVerified: false, isUnused: true });
    this.#sweep();
  }

  isVerified(name: string): boolean {
    return this.#held.get(name)?.isVerified === true;
  }

  /** A file that has arrived and is about to be used. */
  add(name: string, size: number, isVerified: boolean): void {
    this.#add(name, { size, isVerified, isUnused: false });
  }

  /** It is not used for now: it may be removed where the room is needed. */
  release(name: string): void {
    const held = this.#held.get(name);
    if (held === undefined) return;
    this.#add(name, { ...held, isUnused: true });
    this.#sweep();
  }

  /** Another version has come: it is of no use, unless it is about to be used. */
  outdate(name: string): void {
    if (this.#held.get(name)?.isUnused) this.drop(name);
  }

  /** It was taken away. */
  forget(name: string): void {
    const held = this.#held.get(name);
    if (held === undefined) return;
    this.#held.delete(name);
    this.#bytes -= held.size;
    if (held.isUnused) this.#unusedBytes -= held.size;
  }

  /** Removes it for good. */
  drop(name: string): void {
    this.forget(name);
    rmSync(this.#folder.at(name), { force: true });
  }

  /** Why so many more bytes have no room; undefined where they have. Unused contents are removed for them. */
  refusal(bytes: number): string | undefined {
    if (bytes > this.#limit)
      return `it is larger than the ${formatBytes(this.#limit)} that may be on their way there`;
    let lack = this.#lacks(bytes);
    if (lack === undefined || this.#unusedBytes === 0) return lack;
    for (const [name, { isUnused: isLeft }] of this.#held) {
      if (!isLeft) continue;
      this.drop(name);
      lack = this.#lacks(bytes);
      if (lack === undefined) break;
    }
    return lack;
  }

  #lacks(bytes: number): string | undefined {
    if (this.#bytes + bytes > this.#limit) return 'it has to wait until what is on its way is in its place';
    const { blocks, bavail, bsize } = statfsSync(this.#folder.path);
    const free = bavail * bsize;
    const reserve = Math.min(reserveBytes, blocks * bsize * reservePart);
    return bytes > free - reserve ? 'no space left' : undefined;
  }

  #add(name: string, held: StagedContent): void {
    this.forget(name);
    this.#held.set(name, held);
    this.#bytes += held.size;
    if (held.isUnused) this.#unusedBytes += held.size;
  }

  #sweep(): void {
    const limit = Math.min(unusedLimit, this.#limit);
    if (this.#unusedBytes <= limit) return;
    const left = [...this.#held].filter(([, { isUnused: isLeft }]) => isLeft);
    for (const [name] of left.slice(0, -1)) {
      this.drop(name);
      if (this.#unusedBytes <= limit) return;
    }
  }
}
