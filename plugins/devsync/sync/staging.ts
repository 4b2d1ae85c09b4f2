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
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { machine } from '../../../src/machine.ts';
import { chunkSize, digestLarge, digestSmall, readParts, sha256 } from './digest.ts';
import type { Folder } from './folder.ts';
import type { Chunk } from './items.ts';
import { codeOf, reasonOf } from './system-error.ts';
import { Workbench } from './workbench.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = constants;

/** Permissions of a staged file: the usual ones, which saves a step; nobody else comes into the folder. */
export const stagedMode = 0o644 & ~machine.umask;

interface Open {
  readonly fd: number;
  readonly hash: Hash;
  written: number;
}

export class Staging {
  readonly #bench: Workbench;
  /** Contents that this process has verified. */
  readonly #verified = new Set<string>();
  readonly #open = new Map<string, Open>();
  /** Why a content is not here. */
  readonly #wrong = new Map<string, string>();
  #copies = 0;

  /** @param folder of our own, on the root's file system; others may stage in it, too. */
  constructor(folder: Folder) {
    this.#bench = new Workbench(folder);
  }

  /** Whether an earlier process left anything. */
  get isUsed(): boolean {
    return this.#bench.isUsed;
  }

  /** Whether what was staged is still to be found. */
  get isThere(): boolean {
    return this.#bench.isThere;
  }

  /** Where nobody else has anything. */
  get folder(): Folder {
    return this.#bench.folder;
  }

  /** The file that holds the content. */
  path(digest: string): string {
    return this.folder.at(digest);
  }

  /** Whether the content is here and whole. What an earlier process left is read before it is believed. */
  async has(digest: string): Promise<boolean> {
    if (this.#verified.has(digest)) return true;
    if (sizeOf(this.path(digest)) === undefined && !this.#bench.borrow(digest)) return false;
    if ((await digestLarge(this.path(digest))) !== digest) {
      unlinkSync(this.path(digest));
      return false;
    }
    this.#verified.add(digest);
    return true;
  }

  /**
   * How many bytes of a content that did not get through are here already. None where it could be all of them: the
   * last part that would finish it would never come.
   */
  partial({ digest, size }: Pick<Chunk, 'digest' | 'size'>): number {
    const part = `${digest}.part`;
    const found = sizeOf(this.folder.at(part));
    const length = found ?? (this.#bench.borrow(part) ? (sizeOf(this.folder.at(part)) ?? 0) : 0);
    return length < size ? length : 0;
  }

  /** Takes a copy of a file that is said to have this content; tells whether it has. */
  async adopt(digest: string, from: string): Promise<boolean> {
    const copy = `${this.path(digest)}.copy`;
    try {
      copyFileSync(from, copy, constants.COPYFILE_FICLONE);
      chmodSync(copy, stagedMode);
      const actual = digestSmall(copy)?.digest ?? (await digestLarge(copy));
      if (actual === digest) renameSync(copy, this.path(digest));
      else rmSync(copy, { force: true });
      if (actual === digest) this.#verified.add(digest);
      return actual === digest;
    } catch {
      rmSync(copy, { force: true });
      return false;
    }
  }

  /** Takes in a part. What is wrong with a content, if something is, is said when it is to be taken. */
  async write(chunk: Chunk): Promise<void> {
    if (this.#verified.has(chunk.digest)) return;
    // The rest of a content that was given up: why it was is known already.
    if (chunk.offset > 0 && this.#wrong.has(chunk.digest) && !this.#open.has(chunk.digest)) return;
    try {
      const wrong = await this.#write(chunk);
      if (wrong !== undefined) this.#wrong.set(chunk.digest, wrong);
    } catch (error) {
      this.#wrong.set(chunk.digest, reasonOf(error));
      const open = this.#open.get(chunk.digest);
      if (open) this.#abandon(chunk.digest, open, '');
    }
  }

  async #write(chunk: Chunk): Promise<string | undefined> {
    if (chunk.offset === 0 && chunk.data.length === chunk.size) return this.#writeWhole(chunk);
    const open = this.#open.get(chunk.digest) ?? (await this.#begin(chunk));
    if (open.written !== chunk.offset) return this.#abandon(chunk.digest, open, 'parts are missing');
    writeAll(open.fd, chunk.data);
    open.hash.update(chunk.data);
    open.written += chunk.data.length;
    return open.written >= chunk.size ? this.#finish(chunk.digest, open) : undefined;
  }

  /** A file with the content that its taker may rename: the staged one, or a copy where others need it. */
  take(digest: string, isLast: boolean): string {
    if (!this.#verified.has(digest)) throw new Error(this.#wrong.get(digest) ?? 'its content did not arrive');
    if (isLast) {
      this.#verified.delete(digest);
      return this.path(digest);
    }
    const copy = `${this.path(digest)}.copy${this.#copies++}`;
    copyFileSync(this.path(digest), copy, constants.COPYFILE_FICLONE);
    return copy;
  }

  /** A file with this content that its taker may rename. */
  put(digest: string, data: Uint8Array): string {
    requireDigest(digest, data);
    const path = this.scratch();
    writeFileSync(path, data, { flag: 'wx', mode: 0o644 });
    return path;
  }

  /** A file with a content of its own that no digest names, such as a link on its way. */
  scratch(): string {
    return this.folder.at(`scratch${machine.pid}-${this.#copies++}`);
  }

  /** Closes what is unfinished and keeps it for next time. */
  close(): void {
    for (const { fd } of this.#open.values()) closeSync(fd);
    this.#open.clear();
    this.#bench.close();
  }

  #writeWhole(chunk: Chunk): string | undefined {
    requireDigest(chunk.digest, chunk.data);
    const path = this.path(chunk.digest);
    try {
      writeFileSync(path, chunk.data, { flag: 'wx', mode: 0o644 });
    } catch (error) {
      rmSync(path, { force: true });
      if (codeOf(error) !== 'EEXIST') throw error;
      writeFileSync(path, chunk.data, { flag: 'wx', mode: 0o644 });
    }
    this.#arrived(chunk.digest);
    return undefined;
  }

  #arrived(digest: string): void {
    this.#verified.add(digest);
    this.#wrong.delete(digest);
  }

  async #begin({ digest, offset }: Chunk): Promise<Open> {
    const part = `${this.path(digest)}.part`;
    const hash = createHash('sha256');
    if (offset === 0) rmSync(part, { force: true });
    else for await (const data of readParts(part)) hash.update(data);
    const fd = openSync(
      part,
      O_WRONLY | O_NOFOLLOW | (offset === 0 ? O_CREAT | O_EXCL : constants.O_APPEND),
      0o644,
    );
    const open = { fd, hash, written: offset };
    this.#open.set(digest, open);
    return open;
  }

  #finish(digest: string, open: Open): string | undefined {
    if (open.hash.digest('hex') !== digest) return this.#abandon(digest, open, changed);
    closeSync(open.fd);
    this.#open.delete(digest);
    renameSync(`${this.path(digest)}.part`, this.path(digest));
    this.#arrived(digest);
    return undefined;
  }

  #abandon(digest: string, open: Open, why: string): string {
    closeSync(open.fd);
    this.#open.delete(digest);
    rmSync(`${this.path(digest)}.part`, { force: true });
    return why;
  }
}

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
