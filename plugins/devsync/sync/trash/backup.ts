/**
 * What is about to be replaced: the trash has it before, and is looked after until whoever writes to it has done.
 *
 * A small file is copied there. A second name would be quicker, but it is a change of the file itself, of which its
 * watchers are told (IN_ATTRIB) just before it is replaced: chokidar looks at the old file then, finds nothing new, and
 * takes no second event of it within 5 ms. A copy leaves them the events of a rename, and nothing else.
 */
import {
  closeSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  readSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { nextTurn } from '../../../../src/async/next-turn.ts';
import type { Clock } from '../../../../src/clock.ts';
import { machine } from '../../../../src/machine.ts';
import { chunkSize, openFile } from '../scan/digest.ts';
import type { Trash } from './trash.ts';

/** Bytes. Of a larger file a copy would hold up the save. */
const largestCopy = 1 << 20;
/**
 * Operations at a time. Of more files, as when a branch is switched, copies would take a disk ten times as long as second
 * names.
 */
const mostCopies = 100;

/** A writer has done when it was silent for so long, and is followed for so long at most. Milliseconds. */
const [silence, patience] = [50, 2000];

export interface Backup extends Disposable {
  /** Takes it out of the trash again: what it was made of is where it was. */
  remove(): void;
  /**
   * To be called once the original was replaced. Tells whether somebody has written to that since it was looked at; the
   * trash has what was written.
   */
  finish(clock: Clock): Promise<boolean>;
}

/**
 * Puts a file or a link into the trash that stays where it is for now.
 *
 * @param stats when it was looked at. @param operations how many are done at a time.
 */
export function backUp(at: string, path: string, stats: Stats, trash: Trash, operations: number): Backup {
  const isSmall = stats.isFile() && stats.size < largestCopy && operations <= mostCopies;
  // Windows replaces no file that is open.
  const isCopied = isSmall && machine.platform !== 'win32';
  return (isCopied ? copied(at, path, stats, trash) : undefined) ?? new SecondName(at, path, stats, trash);
}

/** Whether nobody has replaced or changed a file since. */
export function isSameFile(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.mtimeMs === other.mtimeMs && one.size === other.size;
}

/** The original by a second name, so that whatever is written to it is in the trash by itself. */
class SecondName implements Backup {
  readonly #place: string;
  readonly #stats: Stats;

  constructor(at: string, path: string, stats: Stats, trash: Trash) {
    this.#place = trash.keep(at, path);
    this.#stats = stats;
  }

  remove(): void {
    rmSync(this.#place);
  }

  async finish(): Promise<boolean> {
    const after = lstatSync(this.#place);
    return after.ino === this.#stats.ino && !isSameFile(after, this.#stats);
  }

  [Symbol.dispose](): void {}
}

/** Undefined where it cannot be copied: it may not be read, it has changed, or there is no room. */
function copied(at: string, path: string, stats: Stats, trash: Trash): Backup | undefined {
  let copy: Copy | undefined;
  try {
    copy = new Copy(at);
    copy.fill(path, stats, trash);
    return copy;
  } catch {
    copy?.remove();
    return undefined;
  }
}

class Copy implements Backup {
  /** Held open, so that it can be looked at when its name is another file's. */
  readonly #original: number;
  #content: Buffer = Buffer.alloc(0);
  #copy: { readonly place: string; readonly fd: number } | undefined;
  #isOpen = true;

  constructor(at: string) {
    this.#original = openFile(at);
  }

  fill(path: string, stats: Stats, trash: Trash): void {
    if (!isSameFile(fstatSync(this.#original), stats)) throw new Error('it has changed meanwhile');
    this.#content = contentOf(this.#original, stats.size);
    this.#copy = trash.create(path);
    fchmodSync(this.#copy.fd, stats.mode & 0o777);
    writeAt(this.#copy.fd, this.#content, 0);
  }

  remove(): void {
    this[Symbol.dispose]();
    if (this.#copy) rmSync(this.#copy.place, { force: true });
  }

  async finish(clock: Clock): Promise<boolean> {
    try {
      if (this.#isWhole) return false;
      await this.#follow(clock);
      return true;
    } finally {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // At once: its watchers are told of this, too, and most take it for one event with the rename that was just before.
    closeSync(this.#original);
    if (this.#copy) closeSync(this.#copy.fd);
  }

  /** Compared by its content: a write may leave it the time that it had. */
  get #isWhole(): boolean {
    const { length } = this.#content;
    return (
      fstatSync(this.#original).size === length && contentOf(this.#original, length).equals(this.#content)
    );
  }

  /** Copies it again and again, until its writer has done. */
  async #follow(clock: Clock): Promise<void> {
    for (const end = clock.monotonic() + patience; ; ) {
      const before = fstatSync(this.#original);
      await this.#copyAgain(before.size);
      await clock.sleep(silence);
      if (isSameFile(fstatSync(this.#original), before) || clock.monotonic() > end) return;
    }
  }

  async #copyAgain(size: number): Promise<void> {
    if (this.#copy === undefined) return;
    const chunk = Buffer.allocUnsafe(chunkSize);
    let position = 0;
    for (let got = -1; got !== 0 && position < size; position += got) {
      got = readSync(this.#original, chunk, 0, Math.min(chunk.length, size - position), position);
      writeAt(this.#copy.fd, chunk.subarray(0, got), position);
      await nextTurn();
    }
    ftruncateSync(this.#copy.fd, position);
  }
}

function writeAt(fd: number, data: Uint8Array, position: number): void {
  for (let done = 0; done < data.length; )
    done += writeSync(fd, data, done, data.length - done, position + done);
}

/** The beginning of a file; less where it is shorter. */
function contentOf(fd: number, size: number): Buffer {
  const content = Buffer.allocUnsafe(size);
  let length = 0;
  for (let got = -1; got !== 0 && length < size; length += got)
    got = readSync(fd, content, length, size - length, length);
  return content.subarray(0, length);
}
