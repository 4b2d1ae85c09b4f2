/**
 * Where contents wait until they are put in place: one folder inside the root, so that putting them in place
 * is a rename, each under its digest, so that nothing is sent twice.
 */

import { createHash, type Hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { machine } from '../../../src/machine.ts';
import { chunkSize, digestLarge, digestSmall, readParts, sha256 } from './digest.ts';
import type { Chunk } from './endpoint.ts';
import type { Folder } from './folder.ts';
import { StagedContents } from './staged-contents.ts';
import { StagingFolder } from './staging-folder.ts';
import { codeOf, reasonOf } from './system-error.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = constants;

/** Permissions of a staged file: the usual ones, which saves a step; nobody else comes into the folder. */
export const stagedMode = 0o644 & ~machine.umask;

/** A content that is coming in. */
interface Open {
  readonly digest: string;
  readonly fd: number;
  readonly hash: Hash;
  written: number;
}

/** A file that was given to somebody who is to rename it. */
interface Taken {
  readonly path: string;
  /** Where it is the staged content itself, and no copy. */
  readonly content?: { readonly digest: string; readonly size: number };
}

/** Reasons that are remembered: whoever is to use a content asks soon after. */
const mostReasons = 1000;

export class Staging {
  readonly #own: StagingFolder;
  readonly #contents: StagedContents;
  /** Contents come one after the other: where another one begins, the last one will not be finished. */
  #open: Open | undefined;
  #taken: Taken | undefined;
  /** Why a content is not here. */
  readonly #wrong = new Map<string, string>();
  #copies = 0;

  /**
   * @param folder of our own, on the root's file system; others may stage in it, too.
   * @param limit bytes of what may lie in it at a time.
   */
  constructor(folder: Folder, limit = Number.POSITIVE_INFINITY) {
    this.#own = new StagingFolder(folder);
    this.#contents = new StagedContents(this.#own.folder, limit);
  }

  /** Whether an earlier process left anything. */
  get isUsed(): boolean {
    return this.#own.isUsed;
  }

  /** Whether what was staged is still to be found. */
  get isThere(): boolean {
    return this.#own.isThere;
  }

  /** Where nobody else has anything. */
  get folder(): Folder {
    return this.#own.folder;
  }

  /** The file that holds the content. */
  path(digest: string): string {
    return this.folder.at(digest);
  }

  /** Whether the content is here and whole. What an earlier process left is read before it is believed. */
  async has(digest: string): Promise<boolean> {
    const path = this.path(digest);
    if (!this.#contents.isVerified(digest)) {
      if (sizeOf(path) === undefined && !this.#own.borrow(digest)) return false;
      if ((await digestLarge(path)) !== digest) {
        this.#contents.drop(digest);
        return false;
      }
    }
    this.#contents.add(digest, sizeOf(path) ?? 0, true);
    return true;
  }

  /**
   * How many bytes of a content that did not get through are here already. None where it could be all of them: the
   * last part that would finish it would never come.
   */
  partial({ digest, size }: Pick<Chunk, 'digest' | 'size'>): number {
    const part = partOf(digest);
    const found = sizeOf(this.folder.at(part));
    const length = found ?? (this.#own.borrow(part) ? (sizeOf(this.folder.at(part)) ?? 0) : 0);
    if (length > 0) this.#contents.add(part, length, false);
    return length < size ? length : 0;
  }

  /** Takes a copy of a file that is said to have this content; tells whether it has. */
  async adopt({ digest, size }: Pick<Chunk, 'digest' | 'size'>, from: string): Promise<boolean> {
    if (this.#contents.refusal(size) !== undefined) return false;
    const copy = `${this.path(digest)}.copy`;
    try {
      copyFileSync(from, copy, constants.COPYFILE_FICLONE);
      chmodSync(copy, stagedMode);
      const actual = digestSmall(copy)?.digest ?? (await digestLarge(copy));
      if (actual === digest) renameSync(copy, this.path(digest));
      else rmSync(copy, { force: true });
      if (actual === digest) this.#arrived(digest, size);
      return actual === digest;
    } catch {
      rmSync(copy, { force: true });
      return false;
    }
  }

  /** Takes in a part. What is wrong with a content, if something is, is said when it is to be taken. */
  async write(chunk: Chunk): Promise<void> {
    const { digest } = chunk;
    if (this.#contents.isVerified(digest)) return;
    if (this.#open && this.#open.digest !== digest) this.#abandon(this.#open, changed);
    // The rest of a content that was given up: why it was is known already.
    if (chunk.offset > 0 && this.#wrong.has(digest) && !this.#open) return;
    try {
      await this.#write(chunk);
    } catch (error) {
      if (this.#open) this.#abandon(this.#open, '');
      this.#isWrong(digest, reasonOf(error));
    }
  }

  async #write(chunk: Chunk): Promise<void> {
    if (chunk.offset === 0 && chunk.data.length === chunk.size) return this.#writeWhole(chunk);
    const open = this.#open ?? (await this.#begin(chunk));
    if (open.written !== chunk.offset) {
      this.#abandon(open, 'parts are missing');
      return;
    }
    writeAll(open.fd, chunk.data);
    open.hash.update(chunk.data);
    open.written += chunk.data.length;
    if (open.written >= chunk.size) this.#finish(open);
  }

  /** No more parts will come, as whoever sent them says: what is not whole by now never will be. */
  endOfContents(): void {
    if (this.#open) this.#abandon(this.#open, changed);
  }

  /** No more parts will come now, as the stream broke: what is there of a content is for the next one. */
  suspend(): void {
    if (this.#open === undefined) return;
    const { digest, fd, written } = this.#open;
    closeSync(fd);
    this.#open = undefined;
    this.#contents.add(partOf(digest), written, false);
    this.#contents.release(partOf(digest));
  }

  /**
   * A file with the content that its taker may rename: the staged one, or a copy where others need it. Then the taker
   * tells by `release` what came of it.
   */
  take(digest: string, isLast: boolean): string {
    if (this.#open?.digest === digest) this.#abandon(this.#open, changed);
    if (!this.#contents.isVerified(digest))
      throw new Error(this.#wrong.get(digest) ?? 'its content did not arrive');
    const path = this.path(digest);
    if (isLast) {
      this.#taken = { path, content: { digest, size: sizeOf(path) ?? 0 } };
      this.#contents.forget(digest);
      return path;
    }
    const copy = `${path}.copy${this.#copies++}`;
    copyFileSync(path, copy, constants.COPYFILE_FICLONE);
    this.#taken = { path: copy };
    return copy;
  }

  /** A file with this content that its taker may rename, and then tells by `release` what came of it. */
  put(digest: string, data: Uint8Array): string {
    requireDigest(digest, data);
    const path = this.scratch();
    writeFileSync(path, data, { flag: 'wx', mode: 0o644 });
    return path;
  }

  /** A name for a file with a content of its own that no digest names, such as a link on its way; as `put`. */
  scratch(): string {
    const path = this.folder.at(`scratch${machine.pid}-${this.#copies++}`);
    this.#taken = { path };
    return path;
  }

  /**
   * What was taken last has got to its place, or not. Then a copy goes at once, and the content waits for the next
   * attempt, as long as there is room for it.
   *
   * @param digest of the content that was wanted, if any was.
   */
  release(wasUsed: boolean, digest?: string): void {
    const taken = this.#taken;
    this.#taken = undefined;
    if (wasUsed) return;
    if (taken && lstatSync(taken.path, { throwIfNoEntry: false })) {
      if (taken.content) this.#putBack(taken.content.digest, taken.content.size);
      else rmSync(taken.path, { force: true, recursive: true });
    }
    if (digest !== undefined) this.#contents.release(digest);
  }

  /** A content that was taken comes back to where it was. @param from where it is now. */
  takeBack(digest: string, from: string): void {
    renameSync(from, this.path(digest));
    this.#putBack(digest, sizeOf(this.path(digest)) ?? 0);
    this.#contents.release(digest);
  }

  /** It may have got the permissions of the place that it was meant for. */
  #putBack(digest: string, size: number): void {
    chmodSync(this.path(digest), stagedMode);
    this.#contents.add(digest, size, true);
  }

  /** Closes what is unfinished and keeps it for next time. */
  close(): void {
    this.suspend();
    this.#own.close();
  }

  #writeWhole(chunk: Chunk): void {
    requireDigest(chunk.digest, chunk.data);
    this.#requireRoom(chunk.size);
    const path = this.path(chunk.digest);
    try {
      writeFileSync(path, chunk.data, { flag: 'wx', mode: 0o644 });
    } catch (error) {
      rmSync(path, { force: true });
      if (codeOf(error) !== 'EEXIST') throw error;
      writeFileSync(path, chunk.data, { flag: 'wx', mode: 0o644 });
    }
    this.#arrived(chunk.digest, chunk.size);
  }

  #requireRoom(bytes: number): void {
    const refusal = this.#contents.refusal(bytes);
    if (refusal !== undefined) throw new Error(refusal);
  }

  #arrived(digest: string, size: number): void {
    this.#contents.add(digest, size, true);
    this.#wrong.delete(digest);
  }

  #isWrong(digest: string, why: string): void {
    const [oldest] = this.#wrong.keys();
    if (this.#wrong.size >= mostReasons && oldest !== undefined) this.#wrong.delete(oldest);
    this.#wrong.set(digest, why);
  }

  async #begin({ digest, offset, size }: Chunk): Promise<Open> {
    const part = this.folder.at(partOf(digest));
    const hash = createHash('sha256');
    this.#wrong.delete(digest);
    if (offset === 0) this.#contents.drop(partOf(digest));
    else for await (const data of readParts(part)) hash.update(data);
    this.#requireRoom(size - offset);
    const fd = openSync(
      part,
      O_WRONLY | O_NOFOLLOW | (offset === 0 ? O_CREAT | O_EXCL : constants.O_APPEND),
      0o644,
    );
    // As much as it will be: what comes beside it must not take its room.
    this.#contents.add(partOf(digest), size, false);
    this.#open = { digest, fd, hash, written: offset };
    return this.#open;
  }

  #finish(open: Open): void {
    const { digest, fd, hash, written } = open;
    if (hash.digest('hex') !== digest) {
      this.#abandon(open, changed);
      return;
    }
    closeSync(fd);
    this.#open = undefined;
    renameSync(this.folder.at(partOf(digest)), this.path(digest));
    this.#contents.forget(partOf(digest));
    this.#arrived(digest, written);
  }

  #abandon({ digest, fd }: Open, why: string): void {
    closeSync(fd);
    this.#open = undefined;
    this.#contents.drop(partOf(digest));
    this.#isWrong(digest, why);
  }
}

const partOf = (digest: string) => `${digest}.part`;

/** The size of a file; undefined where there is none. */
function sizeOf(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : undefined;
}

/** Throws where a content is not the one that it is said to be. */
export function requireDigest(digest: string, data: Uint8Array): void {
  if (sha256(data) !== digest) throw new Error(changed);
}

const changed = 'it changed while it was read';

/** Writes all of it, whatever the system takes at once. */
export function writeAll(fd: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; )
    done += writeSync(fd, data, done, Math.min(data.length - done, chunkSize));
}
