/** Content digests, and what is remembered of them so that nothing is read twice. */
import * as crypto from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, read, readFileSync, readSync, type Stats } from 'node:fs';
import type { KnownBlocks } from '../delta/known-blocks.ts';
import { giveBack, passingSize, takeMemory } from './passing-memory.ts';

/** What must be the same for a digest to be taken from memory. Times in milliseconds with fractions. */
export interface Fingerprint {
  readonly mtime: number;
  readonly ctime: number;
  readonly size: number;
  readonly inode: number;
}

export interface Known extends Fingerprint {
  readonly digest: string;
  /** Written so shortly before that a second write could bear the same time. */
  readonly racy: boolean;
}

export const fingerprintOf = (stats: Stats): Fingerprint => ({
  mtime: stats.mtimeMs,
  ctime: stats.ctimeMs,
  size: stats.size,
  inode: stats.ino,
});

/**
 * The kernel stamps files by a clock that ticks every 1 to 10 ms. It does so as a write begins, so that a file which is
 * looked at in the middle of one bears its last time already, and not yet its last content.
 */
const tick = 20;

/** Reading a file of so many bytes a second time takes longer than a tick. */
const worthWaiting = 16 << 20;

/** Milliseconds after which a file may be read so that its digest can be remembered. */
export function waitBefore({ mtimeMs, size }: Stats, now: number): number {
  return size >= worthWaiting && Math.abs(now - mtimeMs) < tick ? tick : 0;
}

/** Digests by path. */
export class DigestCache {
  readonly entries = new Map<string, Known>();
  /** The file system gives a file that was looked at another time with its very next change. */
  readonly #isPrecise: boolean;

  constructor(isPrecise = false) {
    this.#isPrecise = isPrecise;
  }

  /** The digest of this very content, if it is known for certain. */
  get(path: string, stats: Stats): string | undefined {
    const known = this.entries.get(path);
    return known !== undefined && !known.racy && isSame(known, stats) ? known.digest : undefined;
  }

  /**
   * The digest of a file that was read.
   *
   * @param stats taken before its content was read, at the time `now` (milliseconds).
   */
  set(path: string, stats: Stats, digest: string, now: number): void {
    // Only to be careful: a clock that is off costs a second look, or leaves it to the change of time and size.
    const racy = Math.abs(now - stats.mtimeMs) < tick;
    this.entries.set(path, { ...fingerprintOf(stats), digest, racy });
  }

  /** The digest of a file that we wrote, and had done writing when the stats were taken. */
  setOwn(path: string, stats: Stats, digest: string): void {
    if (this.#isPrecise) this.entries.set(path, { ...fingerprintOf(stats), digest, racy: false });
    else this.set(path, stats, digest, Date.now());
  }

  delete(path: string): void {
    this.entries.delete(path);
  }

  /** Paths of the files that were known by this number: names of one file, as long as none was replaced. */
  *pathsOf(inode: number): Generator<string> {
    for (const [path, known] of this.entries) if (known.inode === inode) yield path;
  }

  /** Forgets all that is not in `paths`. */
  retain(isThere: (path: string) => boolean): void {
    for (const path of this.entries.keys()) if (!isThere(path)) this.entries.delete(path);
  }

  /** One line a file, for `parse`. */
  *serialize(): Generator<string> {
    for (const [path, { mtime, ctime, size, inode, digest, racy }] of this.entries)
      if (!racy) yield `${JSON.stringify([path, mtime, ctime, size, inode, digest])}\n`;
  }

  /** Takes up what an earlier process wrote; a line that is broken is skipped. */
  load(text: string): void {
    for (const line of text.split('\n')) {
      try {
        const [path, mtime, ctime, size, inode, digest] = JSON.parse(line);
        this.entries.set(path, { mtime, ctime, size, inode, digest, racy: false });
      } catch {}
    }
  }
}

/** Where several endpoints of one directory keep what they know of it: none reads again what another one has read. */
export interface SharedDigests {
  cache?: DigestCache;
  blocks?: KnownBlocks;
}

function isSame(known: Known, stats: Stats): boolean {
  return (
    known.mtime === stats.mtimeMs &&
    known.ctime === stats.ctimeMs &&
    known.size === stats.size &&
    known.inode === stats.ino
  );
}

/** SHA-256 in hex; the one-shot function is not there in Node 20.11 and older. */
export const sha256: (data: Uint8Array) => string = crypto.hash
  ? (data) => crypto.hash('sha256', data, 'hex')
  : (data) => crypto.createHash('sha256').update(data).digest('hex');

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/** Opens a regular file for reading and nothing else: no link is followed, no fifo waited for. */
export function openFile(path: string): number {
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw Object.assign(new Error(`${path} is not a regular file`), { code: 'EINVAL' });
}

/** Contents up to this size are read in one go; larger ones in parts, with others getting their turn. */
export const chunkSize = 1 << 18;
const shared = Buffer.allocUnsafe(chunkSize);

/** A regular file as a whole. */
export function readWhole(path: string): Buffer {
  const fd = openFile(path);
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Reads small files one behind the other into memory that is taken a piece at a time, not a file at a time. */
export class SmallReader {
  #slab = Buffer.alloc(0);
  #used = 0;

  /** What the last file lies in, together with others of this reader. */
  get slab(): Uint8Array {
    return this.#slab;
  }

  /** The content of a file of this size; undefined where it has another one by now. */
  read(path: string, size: number): Buffer | undefined {
    // One byte more than expected tells a file that has grown.
    if (this.#slab.length - this.#used <= size)
      [this.#slab, this.#used] = [Buffer.allocUnsafeSlow(1 << 20), 0];
    const fd = openFile(path);
    try {
      const length = readSync(fd, this.#slab, this.#used, size + 1, null);
      if (length !== size) return undefined;
      const content = this.#slab.subarray(this.#used, this.#used + size);
      this.#used += size;
      return content;
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * The digest of a file of less than `chunkSize` bytes and the number of bytes that it is of, or undefined where the file
 * is longer.
 *
 * @param size where it is known, saves the question whether there is more: a file that has grown meanwhile has
 * another time afterwards, and is looked at again.
 */
export function digestSmall(path: string, size?: number): { digest: string; length: number } | undefined {
  const fd = openFile(path);
  try {
    for (let length = 0; ; ) {
      // Some file systems give less than they are asked for, and go on.
      const read = readSync(fd, shared, length, chunkSize - length, null);
      length += read;
      if (length === chunkSize) return undefined;
      if (read === 0 || length === size) return { digest: sha256(shared.subarray(0, length)), length };
    }
  } finally {
    closeSync(fd);
  }
}

/** Makes a digest, part by part. */
export interface Digester {
  update(part: Uint8Array): unknown;
  digest(encoding: 'hex'): string;
}

/** The digest of a file of any size, in bounded memory. @param hash makes it of parts of `passingSize`. */
export async function digestLarge(
  path: string,
  signal?: AbortSignal,
  hash: Digester = crypto.createHash('sha256'),
): Promise<string> {
  for await (const part of readPassing(path, 0, signal)) hash.update(part);
  return hash.digest('hex');
}

/** A file in parts, each a buffer of its own, and so small that it can go over a line between others. */
export function readParts(path: string, part: Part): AsyncGenerator<Buffer> {
  return readPartsFrom(openFile(path), part);
}

/** As `readParts`, from a file that is open; it is closed in the end. */
export function readPartsFrom(file: number, part: Part): AsyncGenerator<Buffer> {
  return partsOf(file, part, chunkSize, (length) => Buffer.allocUnsafe(length));
}

/** A file in parts, each of which is there until the next one is asked for: the memory is used again. */
export function readPassing(path: string, offset = 0, signal?: AbortSignal): AsyncGenerator<Buffer> {
  return readPassingFrom(openFile(path), { from: offset, signal });
}

export interface Part {
  /** The byte that it begins with. */
  readonly from?: number;
  /** In bytes; to the end where it is absent. */
  readonly length?: number;
  readonly signal?: AbortSignal | undefined;
}

/** As `readPassing`, from a file that is open; it is closed in the end. */
export async function* readPassingFrom(file: number, part: Part): AsyncGenerator<Buffer> {
  const memory = takeMemory();
  let turn = 0;
  try {
    yield* partsOf(file, part, passingSize, () => memory[(turn++ & 1) as 0 | 1]);
  } finally {
    giveBack(memory);
  }
}

/** Reads ahead: while a part is worked on, the system reads the next one. Others get their turn in between. */
async function* partsOf(
  file: number,
  { from = 0, length = Number.POSITIVE_INFINITY, signal }: Part,
  size: number,
  memoryFor: (length: number) => Buffer,
): AsyncGenerator<Buffer> {
  let coming = nothing;
  const readAt = (position: number) => {
    const wanted = Math.min(size, from + length - position);
    coming = wanted > 0 ? readInto(file, memoryFor(wanted), wanted, position) : nothing;
    // It is awaited later; until then a failure must not count as unhandled.
    coming.catch(() => {});
  };
  try {
    readAt(from);
    for (let position = from; ; ) {
      const data = await coming;
      signal?.throwIfAborted();
      if (data.length === 0) return;
      position += data.length;
      readAt(position);
      yield data;
    }
  } finally {
    await coming.catch(() => {});
    closeSync(file);
  }
}

const nothing: Promise<Buffer> = Promise.resolve(Buffer.alloc(0));

function readInto(file: number, buffer: Buffer, length: number, position: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    read(file, buffer, 0, length, position, (error, count) => {
      if (error) reject(error);
      else resolve(buffer.subarray(0, count));
    });
  });
}
