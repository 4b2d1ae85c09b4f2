/** Takes contents in, part by part, and keeps what arrives whole in the staging folder, each under its digest. */
import { closeSync, constants, openSync, renameSync, rmSync, write, writeFileSync, writeSync } from 'node:fs';
import type { Chunk } from '../endpoint.ts';
import type { Folder } from '../files/folder.ts';
import { codeOf, reasonOf } from '../files/system-error.ts';
import { chunkSize, readPassing, sha256 } from '../scan/digest.ts';
import { passingSize } from '../scan/passing-memory.ts';
import { type ContentCheck, contentCheck } from './content-check.ts';
import type { StagedContents } from './staged-contents.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = constants;

/** A content that is coming in. */
interface OpenContent {
  readonly stream: number;
  /** A name, where the digest is not known yet. */
  digest: string;
  /** The name of its file until it is whole. */
  part: string;
  readonly size: number;
  readonly fd: number;
  readonly check: ContentCheck;
  /** Of the whole content, where it is checked by one. */
  code?: string | undefined;
  written: number;
  /** The system writes a part; the file is closed only when that is done. */
  writing: Promise<void> | undefined;
  /** It comes before anybody has asked for it, and may not be used. */
  readonly isEarly: boolean;
}

/** How many reasons are remembered: they are asked for soon after. */
const maxReasons = 1000;

/** What is said of a content that is not the one that it is said to be. */
const changed = 'it changed while it was read';

export class ContentWriter {
  readonly #folder: Folder;
  readonly #contents: StagedContents;
  /**
   * By the stream that it comes by. In each, contents come one after the other: where another one begins, the last one
   * will not be finished.
   */
  readonly #open = new Map<number, OpenContent>();
  /** Why a content is not here. */
  readonly #failures = new Map<string, string>();
  /** Contents of which something else arrived, or not everything. */
  readonly #wrong = new Set<string>();
  /** Names of contents whose digest is not known yet, with the keys of their codes where they have some. */
  readonly #early = new Map<string, string | undefined>();

  constructor(folder: Folder, contents: StagedContents) {
    this.#folder = folder;
    this.#contents = contents;
  }

  /** Takes in a part. What is wrong with a content, if something is, is said by `failureOf`. */
  async write(chunk: Chunk, stream = 0): Promise<void> {
    const { digest } = chunk;
    if (this.#contents.isVerified(digest)) return;
    const before = this.#open.get(stream);
    if (before && before.digest !== digest) this.#abandon(before, changed);
    const open = this.#open.get(stream);
    // The rest of a content that was given up: why it was is known already.
    if (chunk.offset > 0 && this.#failures.has(digest) && !open) return;
    // It comes by another stream as well, which has begun with it.
    if (!open && this.#openOf(digest)) return;
    try {
      await this.#write(chunk, stream);
    } catch (error) {
      const failed = this.#open.get(stream);
      if (failed) this.#abandon(failed, '');
      this.#fail(digest, reasonOf(error));
    }
  }

  /** A content is about to come in whose digest is told by `nameEarly`, and its code, where it has a key for that. */
  beginEarly(name: string, key?: string): void {
    if (this.#early.size >= maxReasons) this.#early.clear();
    this.#early.set(name, key);
  }

  /** The digest of a content that comes in, and its code; undefined: it is given up. */
  nameEarly(name: string, digest: string | undefined, code?: string): void {
    this.#early.delete(name);
    const open = this.#openOf(name);
    if (open === undefined) {
      // Its beginning found no place: its end is to find none either.
      if (digest !== undefined && !this.#openOf(digest) && !this.#contents.isVerified(digest)) {
        this.#contents.drop(partOf(digest));
        this.#fail(digest, changed);
      }
      return;
    }
    if (digest === undefined || this.#contents.isVerified(digest) || this.#openOf(digest)) {
      this.#abandon(open, changed);
      return;
    }
    this.#contents.drop(partOf(digest));
    const part = partOf(digest);
    renameSync(this.#folder.at(open.part), this.#folder.at(part));
    this.#contents.forget(open.part);
    this.#contents.add(part, open.size, false);
    this.#failures.delete(digest);
    Object.assign(open, { digest, part, code });
  }

  /** Why a content is not here, as far as is known. */
  failureOf(digest: string): string | undefined {
    return this.#failures.get(digest);
  }

  /** A part of this content cannot be had, so that it will not be whole. */
  refuse(digest: string, why: string): void {
    const open = this.#openOf(digest);
    if (open) this.#abandon(open, why);
    else this.#fail(digest, why);
    this.#noteWrong(digest);
  }

  /** Whether this content came last as something else than it was said to be, or not in full. */
  wasWrong(digest: string): boolean {
    return this.#wrong.has(digest);
  }

  /** This content gets no more parts: it is needed now. */
  endOf(digest: string): void {
    const open = this.#openOf(digest);
    if (open) this.#abandon(open, changed);
  }

  /** The sender has no more parts for a stream: a content that is not whole by now never will be. */
  endOfContents(stream: number): void {
    const open = this.#open.get(stream);
    if (open) this.#abandon(open, changed);
  }

  /** No more parts will come now, as the stream broke: what is there of a content is for the next one. */
  suspend(stream: number): void {
    const open = this.#open.get(stream);
    if (open === undefined) return;
    const { digest, part, written } = open;
    if (this.#early.delete(digest)) {
      this.#abandon(open, changed);
      return;
    }
    close(open);
    this.#open.delete(stream);
    this.#contents.add(part, written, false);
    this.#contents.release(part);
  }

  suspendAll(): void {
    for (const stream of [...this.#open.keys()]) this.suspend(stream);
  }

  /** A whole content is here, however it came. */
  arrived(digest: string, size: number): void {
    this.#contents.add(digest, size, true);
    this.#failures.delete(digest);
    this.#wrong.delete(digest);
  }

  #openOf(digest: string): OpenContent | undefined {
    for (const open of this.#open.values()) if (open.digest === digest) return open;
    return undefined;
  }

  async #write(chunk: Chunk, stream: number): Promise<void> {
    if (chunk.offset === 0 && chunk.data.length === chunk.size) return this.#writeWhole(chunk);
    const open = this.#open.get(stream) ?? (await this.#begin(chunk, stream));
    if (open.written !== chunk.offset) {
      this.#abandon(open, 'parts are missing');
      return;
    }
    open.writing = append(open.fd, chunk.data);
    // It is awaited below; a failure must not count as unhandled until then.
    open.writing.catch(() => {});
    open.check.update(chunk.data);
    await open.writing;
    open.writing = undefined;
    open.written += chunk.data.length;
    if (open.written >= chunk.size && this.#open.get(stream) === open) this.#finish(open);
  }

  #writeWhole(chunk: Chunk): void {
    requireDigest(chunk.digest, chunk.data);
    this.#requireRoom(chunk.size);
    const path = this.#folder.at(chunk.digest);
    try {
      writeFileSync(path, chunk.data, { flag: 'wx', mode: 0o644 });
    } catch (error) {
      rmSync(path, { force: true });
      if (codeOf(error) !== 'EEXIST') throw error;
      writeFileSync(path, chunk.data, { flag: 'wx', mode: 0o644 });
    }
    this.arrived(chunk.digest, chunk.size);
  }

  #requireRoom(bytes: number): void {
    const refusal = this.#contents.refusal(bytes);
    if (refusal !== undefined) throw new Error(refusal);
  }

  #fail(digest: string, why: string): void {
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= maxReasons && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(digest, why);
  }

  #noteWrong(digest: string): void {
    if (this.#wrong.size >= maxReasons) this.#wrong.clear();
    this.#wrong.add(digest);
  }

  async #begin({ digest, offset, size }: Chunk, stream: number): Promise<OpenContent> {
    const isEarly = this.#early.has(digest);
    // What has no digest is of no use to a later process.
    const part = isEarly ? `${digest}.early` : partOf(digest);
    const path = this.#folder.at(part);
    const check = contentCheck(isEarly ? this.#early.get(digest) : undefined);
    this.#failures.delete(digest);
    if (offset === 0) this.#contents.drop(part);
    else for await (const data of readPassing(path)) check.update(data);
    this.#requireRoom(size - offset);
    const flags = offset === 0 ? O_CREAT | O_EXCL : constants.O_APPEND;
    const fd = openSync(path, O_WRONLY | O_NOFOLLOW | flags, 0o644);
    // As much as it will be: what comes beside it must not take its room.
    this.#contents.add(part, size, false);
    const open = { stream, digest, part, size, fd, check, written: offset, writing: undefined, isEarly };
    this.#open.set(stream, open);
    return open;
  }

  #finish(open: OpenContent): void {
    const { digest, check, code, written } = open;
    if (!check.isRight(digest, code)) {
      this.#abandon(open, changed);
      this.#noteWrong(digest);
      return;
    }
    close(open);
    this.#open.delete(open.stream);
    renameSync(this.#folder.at(open.part), this.#folder.at(digest));
    this.#contents.forget(open.part);
    this.arrived(digest, written);
    if (open.isEarly) this.#contents.release(digest);
  }

  #abandon(open: OpenContent, why: string): void {
    const { stream, digest } = open;
    close(open);
    this.#open.delete(stream);
    this.#contents.drop(open.part);
    this.#fail(digest, why);
  }
}

/** The name of a file that holds the beginning of a content. */
export const partOf = (digest: string): string => `${digest}.part`;

/** Throws where a content is not the one that it is said to be. */
export function requireDigest(digest: string, data: Uint8Array): void {
  if (sha256(data) !== digest) throw new Error(changed);
}

/** Another file could get the number of one that is closed while it is written to. */
function close({ fd, writing }: OpenContent): void {
  if (writing === undefined) closeSync(fd);
  else void writing.catch(() => {}).then(() => closeSync(fd));
}

/** As `writeAll`, while others get their turn. */
async function append(fd: number, data: Uint8Array): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const rest = data.subarray(done, done + passingSize);
    done += await new Promise<number>((resolve, reject) => {
      write(fd, rest, 0, rest.length, null, (error, count) => (error ? reject(error) : resolve(count)));
    });
  }
}

/** Writes all of it, whatever the system takes at once. */
export function writeAll(fd: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; )
    done += writeSync(fd, data, done, Math.min(data.length - done, chunkSize));
}
