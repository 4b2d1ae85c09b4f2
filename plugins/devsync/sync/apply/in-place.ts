/**
 * Writes files in place, so that they stay the same files. Whoever dies in the middle leaves a part of each content, which
 * must never be taken for an edit. So a marker says, until the file is whole, what it was and what it is to become; with
 * both contents beside it, the next look puts the old one back, or, where that cannot be had, completes the new one.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { machine } from '../../../../src/machine.ts';
import { splitPath } from '../../reconcile/tree.ts';
import type { Staging } from '../contents/staging.ts';
import { Descent, type Folder } from '../files/folder.ts';
import { partsOf } from '../files/names.ts';
import { codeOf, reasonOf } from '../files/system-error.ts';
import { giveTime } from '../files/times.ts';
import { digestLarge, readWhole } from '../scan/digest.ts';
import { linkOrCopy } from '../trash/trash.ts';
import { copyInto, likenessOf } from './in-place-contents.ts';

const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDWR } = constants;
const folderName = 'in-place';

/** What is known of a file for as long as it may hold parts of two contents. */
interface Marker {
  readonly path: string;
  /** Of the file: another one in its place is none of ours. */
  readonly inode: number;
  /** The beginning of the names of the two contents. */
  readonly contents: string;
  readonly digests: { readonly old: string; readonly new: string };
}

/** A file that is about to become another content. */
export interface InPlaceWrite {
  readonly path: string;
  /** What file system calls take. */
  readonly at: string;
  /** Of the file, when its content was found to be the old one. */
  readonly stats: Stats;
  readonly digests: Marker['digests'];
  /** A file with the new content, on our file system; it is used up. */
  readonly incoming: string;
  /** Puts a copy of the file into the trash. Returns its name there. */
  readonly keep: () => string;
  /** Milliseconds since 1970, where the file is not to bear the time of now. */
  readonly modified: number | undefined;
}

export class InPlaceFiles {
  readonly #metadata: Folder;
  readonly #root: string;
  readonly #staging: Staging;
  #count = 0;
  /** Why a file cannot be believed, by path. */
  #pending: ReadonlyMap<string, string> = new Map();

  /** @param metadata the folder with all that we keep of the root. */
  constructor(metadata: Folder, root: string, staging: Staging) {
    this.#metadata = metadata;
    this.#root = root;
    this.#staging = staging;
  }

  /** Why what is in this file is neither its old content nor its new one; undefined where nothing is known of that. */
  problemAt(path: string): string | undefined {
    return this.#pending.get(path);
  }

  /** Makes a file the new content. Returns its stats when that is so. Throws where it is, or will be, as it was. */
  async write(work: InPlaceWrite): Promise<Stats> {
    using folder = this.#metadata.make(folderName);
    const fd = openSync(work.at, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    try {
      return await this.#writeOpen(fd, folder, work);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Puts files right whose writers have ended. Returns the paths of which something else is to be believed than before.
   * Nothing is written in place meanwhile by this process.
   */
  async settle(): Promise<readonly string[]> {
    if (lstatSync(this.#metadata.at(folderName), { throwIfNoEntry: false }) === undefined)
      return this.#become(new Map());
    using folder = this.#metadata.child(folderName);
    const pending = new Map<string, string>();
    const settled: string[] = [];
    for (const name of readdirSync(folder.path)) {
      if (!name.endsWith('.json')) continue;
      const path = pathIn(folder, name);
      const trouble = await this.#settle(folder, name);
      if (path === undefined) continue;
      if (trouble === undefined) settled.push(path);
      else pending.set(path, trouble);
    }
    this.#sweep(folder);
    return [...settled, ...this.#become(pending)];
  }

  #become(pending: ReadonlyMap<string, string>): string[] {
    const before = this.#pending;
    this.#pending = pending;
    const isNews = (path: string) => before.get(path) !== pending.get(path);
    return [...new Set([...before.keys(), ...pending.keys()])].filter(isNews);
  }

  async #writeOpen(fd: number, folder: Folder, work: InPlaceWrite): Promise<Stats> {
    const { path, stats, digests, incoming, keep, modified } = work;
    requireUnchanged(fd, stats);
    const kept = keep();
    const contents = this.#newName();
    const [old, wanted] = [folder.at(`${contents}.old`), folder.at(`${contents}.new`)];
    let isTouched = false;
    try {
      linkOrCopy(kept, old);
      renameSync(incoming, wanted);
      this.#mark(folder, { path, inode: stats.ino, contents, digests }, kept);
      requireUnchanged(fd, stats);
      await copyInto(fd, wanted, () => {
        isTouched = true;
      });
      giveTime(modified, (seconds) => futimesSync(fd, seconds, seconds));
      fdatasyncSync(fd);
      const written = fstatSync(fd);
      remove(folder, contents);
      return written;
    } catch (error) {
      if (isTouched) throw await this.#giveUp(folder, contents, kept, error);
      if (lstatSync(wanted, { throwIfNoEntry: false })) renameSync(wanted, incoming);
      remove(folder, contents);
      rmSync(kept, { force: true });
      throw error;
    }
  }

  /** A marker that is on the disk, like what it needs, before anything is overwritten. */
  #mark(folder: Folder, marker: Marker, kept: string): void {
    syncFile(kept);
    const at = folder.at(`${marker.contents}.json`);
    writeFileSync(at, JSON.stringify(marker), { flag: 'wx', mode: 0o600 });
    syncFile(at);
  }

  /** The old content comes back, now or as soon as it can. Returns why the new one did not get there. */
  async #giveUp(folder: Folder, contents: string, kept: string, error: unknown): Promise<unknown> {
    const trouble = await this.#settle(folder, `${contents}.json`);
    if (trouble !== undefined) return new Error(`${reasonOf(error)}; ${trouble}`);
    rmSync(kept, { force: true });
    return error;
  }

  /** Puts one file right. Returns what is wrong with it where that cannot be done now. */
  async #settle(folder: Folder, name: string): Promise<string | undefined> {
    const [holder = ''] = name.split('~');
    if (holder !== this.#staging.name && this.#staging.isLive(holder)) return beingWritten;
    const marker = this.#claim(folder, name);
    if (marker === undefined) return undefined;
    try {
      const isOurs = await this.#putBack(folder, marker);
      // The new content may be wanted yet.
      if (isOurs) this.#stage(folder, marker);
      remove(folder, marker.contents, marker.claimed);
      return undefined;
    } catch (error) {
      return `a part of it is new and a part is old, since writing it was interrupted, and it cannot be put right: ${reasonOf(error)}`;
    }
  }

  /** Takes a marker over, so that nobody else works at its file. Undefined where there is none, or no whole one. */
  #claim(folder: Folder, name: string): (Marker & { readonly claimed: string }) | undefined {
    const claimed = `${this.#newName()}.json`;
    try {
      renameSync(folder.at(name), folder.at(claimed));
    } catch {
      // Another one has it.
      return undefined;
    }
    const marker = readMarker(folder, claimed);
    // It was not whole when its writer died, so that nothing has been overwritten.
    if (marker === undefined) rmSync(folder.at(claimed), { force: true });
    return marker && { ...marker, claimed };
  }

  /** Returns whether the file was one of ours, and is whole now. */
  async #putBack(folder: Folder, { path, inode, contents, digests }: Marker): Promise<boolean> {
    using descent = new Descent(this.#root);
    const [old, wanted] = [folder.at(`${contents}.old`), folder.at(`${contents}.new`)];
    const fd = openLeaf(descent, path);
    if (fd === undefined) return false;
    try {
      const likeness = fstatSync(fd).ino === inode ? await likenessOf(fd, old, wanted) : 'other';
      if (likeness !== 'mixed') return likeness !== 'other';
      const from = (await digestLarge(old)) === digests.old ? old : wanted;
      if (from === wanted && (await digestLarge(wanted)) !== digests.new)
        throw new Error('neither of its contents is left whole');
      await copyInto(fd, from, () => {});
      fdatasyncSync(fd);
      return true;
    } finally {
      closeSync(fd);
    }
  }

  #stage(folder: Folder, { contents, digests }: Marker): void {
    try {
      renameSync(folder.at(`${contents}.new`), this.#staging.path(digests.new));
    } catch {
      // Then it is sent again, where it is wanted.
    }
  }

  /** Removes contents whose markers were never made, or are gone. */
  #sweep(folder: Folder): void {
    const names = readdirSync(folder.path);
    const used = new Set<string>();
    for (const name of names.filter((one) => one.endsWith('.json')))
      used.add(readMarker(folder, name)?.contents ?? '');
    for (const name of names) {
      const [contents = ''] = /^.*(?=\.(old|new)$)/.exec(name) ?? [];
      const [holder = ''] = contents.split('~');
      const isLeft = holder === this.#staging.name || !this.#staging.isLive(holder);
      if (contents !== '' && !used.has(contents) && isLeft) rmSync(folder.at(name), { force: true });
    }
    if (readdirSync(folder.path).length === 0)
      rmSync(this.#metadata.at(folderName), { recursive: true, force: true });
  }

  #newName(): string {
    return `${this.#staging.name}~${this.#count++}`;
  }
}

const beingWritten = 'it is being written in place by another process';

function requireUnchanged(fd: number, stats: Stats): void {
  const now = fstatSync(fd);
  const isSame = now.ino === stats.ino && now.mtimeMs === stats.mtimeMs && now.size === stats.size;
  if (!isSame || !now.isFile()) throw new Error('it has changed meanwhile');
}

/** Removes a marker, and then what it was about. @param marker its name, where it is another one. */
function remove(folder: Folder, contents: string, marker = `${contents}.json`): void {
  for (const name of [marker, `${contents}.old`, `${contents}.new`]) rmSync(folder.at(name), { force: true });
}

function readMarker(folder: Folder, name: string): Marker | undefined {
  try {
    return JSON.parse(readWhole(folder.at(name)).toString()) as Marker;
  } catch {
    return undefined;
  }
}

const pathIn = (folder: Folder, name: string): string | undefined => readMarker(folder, name)?.path;

/** Undefined where nothing is there any more that could be put right. */
function openLeaf(descent: Descent, path: string): number | undefined {
  const [parent, name] = splitPath(path);
  try {
    partsOf(path, machine.platform);
    return openSync(descent.to(parent).at(name), O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR'].includes(codeOf(error))) return undefined;
    throw error;
  }
}

function syncFile(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
