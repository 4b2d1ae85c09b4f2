/** Whether the source fits into the target, known before anything is written. */
import { type BigIntStats, existsSync, lstatSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { type Change, decodeName, isCreation, isTransfer, parseChange } from '../rsync/changes.ts';
import { runLines } from '../system/programs.ts';
import type { Amount } from '../volume/disk.ts';
import { type CopiedTree, keptPaths } from '../volume/tree.ts';

export function fits(need: Amount, free: Amount): boolean {
  return (
    need.bytes <= free.bytes &&
    (free.inodes === undefined || need.inodes === undefined || need.inodes <= free.inodes)
  );
}

/** What a merge adds, as a dry run of rsync tells it. */
export class Growth {
  /** Bytes of the blocks of the files that are sent. */
  sent = 0;
  /** Bytes that the files to be replaced take up in the target. */
  replaced = 0;
  /** The largest file that replaces one. */
  biggest = 0;
  /** Inodes to be made. */
  created = 0;
  readonly #allocated: (name: Buffer) => number;
  readonly #block: number;

  /**
   * @param allocated bytes that an entry of the target takes up; 0 where there is none.
   * @param block bytes of which the target gives a file a whole number.
   */
  constructor(allocated: (name: Buffer) => number, block: number) {
    this.#allocated = allocated;
    this.#block = block;
  }

  /** A line of `%i|%l|%n`, its bytes as Latin-1. Nothing of it is kept: a list of millions of names would not fit. */
  line(line: string): void {
    const change = parseChange(line);
    if (!change) return;
    if (isCreation(change)) this.created += 1;
    if (isTransfer(change)) this.#transfer(change);
  }

  #transfer({ item, rest }: Change): void {
    const bar = rest.indexOf('|');
    const length = Math.ceil(Number(rest.slice(0, bar)) / this.#block) * this.#block;
    this.sent += length;
    if (item.startsWith('>f+')) return;
    this.biggest = Math.max(this.biggest, length);
    this.replaced += this.#allocated(decodeName(rest.slice(bar + 1)));
  }

  /**
   * New bytes less those that they replace, and the biggest replacement once more, since it is complete beside the
   * old file before it takes its place.
   *
   * @param source bytes that all of the source takes up: files with holes take less than their length.
   */
  need(source: number): Amount {
    const [sent, biggest] = [Math.min(this.sent, source), Math.min(this.biggest, source)];
    const bytes = sent > this.replaced ? sent - this.replaced + biggest : biggest;
    return { bytes, inodes: this.created };
  }
}

/** A share's server tells what it likes to be sent at a time, up to a megabyte, which no file of it takes up. */
const largestBlock = 4096;

/** Bytes of which a file system gives each file a whole number, as far as that can be known. */
export const blockOf = async (path: string): Promise<number> =>
  Math.min((await statfs(path)).bsize, largestBlock);

/** Bytes that an entry below a folder takes up; 0 where there is none. */
export const allocatedBelow =
  (folder: string) =>
  (name: Buffer): number => {
    const path = Buffer.concat([Buffer.from(`${folder}/`), name]);
    const found: BigIntStats | undefined = lstatSync(path, { throwIfNoEntry: false, bigint: true });
    return found ? Number(found.blocks) * 512 : 0;
  };

/** What emptying the target frees. */
export async function wipedAmount(tree: CopiedTree, signal: AbortSignal): Promise<Amount> {
  return takenBy([...keptPaths(tree).map((path) => `--exclude=${path}`), tree.root], signal);
}

/**
 * What the staging folder holds of an interrupted copy. It is room: what is there of a file becomes that file, and all
 * else goes.
 */
export async function stagedAmount(folder: string, signal: AbortSignal): Promise<Amount> {
  return existsSync(folder) ? takenBy([folder], signal) : { bytes: 0, inodes: 0 };
}

/** @param args of du: a folder, and what does not count of it. */
async function takenBy(args: readonly string[], signal: AbortSignal): Promise<Amount> {
  const total = async (unit: string): Promise<number> => {
    let sum = 0;
    const take = (line: string) => {
      sum = Number.parseInt(line, 10) || 0;
    };
    await runLines('du', ['-s', unit, ...args], take, { signal });
    return sum;
  };
  return { bytes: await total('-B1'), inodes: await total('--inodes') };
}
