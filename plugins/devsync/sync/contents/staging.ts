/**
 * Where contents wait until they are put in place: a folder on the root's file system, so that putting them in place is
 * a rename, each under its digest, so that nothing is sent twice.
 */
import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { machine } from '../../../../src/machine.ts';
import type { Chunk } from '../endpoint.ts';
import type { Folder } from '../files/folder.ts';
import { digestLarge, digestSmall } from '../scan/digest.ts';
import { ContentWriter, partOf, requireDigest } from './content-writer.ts';
import { StagedContents } from './staged-contents.ts';
import { StagingFolder } from './staging-folder.ts';

/** Permissions of a staged file: the usual ones, so that most need no chmod; the folder itself is closed to others. */
export const stagedMode = 0o644 & ~machine.umask;

/** A file that was given to somebody who is to rename it. */
interface Taken {
  readonly path: string;
  /** Where it is the staged content itself, and no copy. */
  readonly content?: { readonly digest: string; readonly size: number };
}

export class Staging {
  readonly #own: StagingFolder;
  readonly #contents: StagedContents;
  readonly #writer: ContentWriter;
  #taken: Taken | undefined;
  #copies = 0;

  /**
   * @param folder of our own, on the root's file system; others may stage in it, too.
   * @param limit bytes of what may lie in it at a time.
   */
  constructor(folder: Folder, limit = Number.POSITIVE_INFINITY) {
    this.#own = new StagingFolder(folder);
    this.#contents = new StagedContents(this.#own.folder, limit);
    this.#writer = new ContentWriter(this.#own.folder, this.#contents);
  }

  /** Whether an earlier process left anything. */
  get isUsed(): boolean {
    return this.#own.isUsed;
  }

  /** Whether what was staged is still to be found. */
  get isThere(): boolean {
    return this.#own.isThere;
  }

  /** What this process is called by others that work in the same place. */
  get name(): string {
    return this.#own.name;
  }

  /** Whether a process of that name may be at work yet. */
  isLive(name: string): boolean {
    return this.#own.isLive(name);
  }

  /** The folder of this process. */
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
      if (actual === digest) this.#writer.arrived(digest, size);
      return actual === digest;
    } catch {
      rmSync(copy, { force: true });
      return false;
    }
  }

  /** A content that came early is of no use, unless it is about to be used. */
  outdate(digest: string): void {
    this.#contents.outdate(digest);
  }

  /** A content is about to come in whose digest is told by `nameEarly`, and its code, where it has a key for that. */
  beginEarly(name: string, key?: string): void {
    this.#writer.beginEarly(name, key);
  }

  /** The digest of a content that comes in, and its code; undefined: it is given up. */
  nameEarly(name: string, digest: string | undefined, code?: string): void {
    this.#writer.nameEarly(name, digest, code);
  }

  /** Takes in a part. What is wrong with a content, if something is, is said when it is to be taken. */
  write(chunk: Chunk, stream?: number): Promise<void> {
    return this.#writer.write(chunk, stream);
  }

  /** A part of this content cannot be had, so that it will not be whole. */
  refuse(digest: string, why: string): void {
    this.#writer.refuse(digest, why);
  }

  /** Whether this content came last as something else than it was said to be, or not in full. */
  wasWrong(digest: string): boolean {
    return this.#writer.wasWrong(digest);
  }

  /** The sender has no more parts for a stream: a content that is not whole by now never will be. */
  endOfContents(stream: number): void {
    this.#writer.endOfContents(stream);
  }

  /** No more parts will come by a stream, as it broke: what is there of a content is for the next one. */
  suspend(stream: number): void {
    this.#writer.suspend(stream);
  }

  /**
   * A file with the content that its taker may rename: the staged one, or a copy where others need it. Then the taker
   * tells by `release` what came of it.
   */
  take(digest: string, isLast: boolean): string {
    this.#writer.endOf(digest);
    if (!this.#contents.isVerified(digest))
      throw new Error(this.#writer.failureOf(digest) ?? 'its content did not arrive');
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
    this.#writer.suspendAll();
    this.#own.close();
  }
}

/** The size of a file; undefined where there is none. */
function sizeOf(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : undefined;
}
