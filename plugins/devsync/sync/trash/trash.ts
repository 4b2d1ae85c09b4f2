/**
 * Everything that is overwritten or deleted goes here first, under the time of the operation and its own
 * path, so that a person finds it without any tool. Bounded: the oldest goes for good.
 */

import {
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  symlinkSync,
} from 'node:fs';
import { machine } from '../../../../src/machine.ts';
import type { OperationResult } from '../../reconcile/operations.ts';
import { splitPath } from '../../reconcile/tree.ts';
import type { Staging } from '../contents/staging.ts';
import type { ContentRef, TrashItem } from '../endpoint.ts';
import type { Folder } from '../files/folder.ts';
import { partsOf } from '../files/names.ts';
import { codeOf, reasonOf } from '../files/system-error.ts';
import { itemsIn, surplusVersions } from './trash-items.ts';

export class Trash {
  readonly #folder: Folder;
  readonly #limit: number;
  #operation = '';
  /** Whether anything went there under it. */
  #isUsed = false;
  /** As far as is known: a person may take things out, and so may another process. */
  #used = 0;
  /** The operation in which it was counted anew. */
  #counted = '';
  /** Bytes that were free when the operation began. */
  #free = Number.POSITIVE_INFINITY;
  /** Operations that are counted in what is used. */
  #known = new Set<string>();
  /** The folder's time of change when it was last looked at. */
  #changed = 0;
  #place: { readonly path: string; readonly folder: Folder } | undefined;
  /** What was filed by its content, by path: the item that holds it. */
  readonly #filed = new Map<string, { readonly digest: string; readonly item: TrashItem }>();

  /** @param folder our own, on the root's file system. @param limit bytes. */
  constructor(folder: Folder, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
    this.list();
  }

  get limit(): number {
    return this.#limit;
  }

  get used(): number {
    return this.#used;
  }

  /** What goes into the trash from now on goes under this operation, a name that sorts by time. */
  begin(operation: string): void {
    if (operation !== this.#operation) this.#isUsed = false;
    this.#operation = operation;
    this.#free = freeIn(this.#folder);
    this.#countOthers();
  }

  /** Gives a file or link that stays where it is a second name in the trash, for `count`. Returns that name. */
  keep(from: string, path: string): string {
    const stats = lstatSync(from);
    const place = this.#nameFor(path);
    if (stats.isSymbolicLink()) symlinkSync(readlinkSync(from), place);
    else linkOrCopy(from, place);
    return place;
  }

  /**
   * Makes an empty file there, for `count`. Returns its name in the trash, and its descriptor, which is the caller's to
   * close.
   */
  create(path: string): { place: string; fd: number } {
    const place = this.#nameFor(path);
    return { place, fd: openSync(place, 'wx', 0o600) };
  }

  /** Puts a copy of a file there that is about to be written to, for `count`. Returns its name in the trash. */
  copy(from: string, path: string): string {
    const place = this.#nameFor(path);
    copyFileSync(from, place, constants.COPYFILE_FICLONE);
    return place;
  }

  /** Moves a file or link there, for `count`. Returns its name in the trash. */
  move(from: string, path: string): string {
    const place = this.#nameFor(path);
    renameSync(from, place);
    return place;
  }

  /** What was put there stays there, and takes so many bytes. */
  count(size: number): void {
    this.#isUsed = true;
    this.#used += size;
    if (!this.#isTooMuch) return;
    // Before anything is given up for good, what is really there is counted: once an operation, as that takes long.
    if (this.#counted !== this.#operation) this.list();
    this.#counted = this.#operation;
    if (this.#isTooMuch) this.#evict();
  }

  /** To be called after each batch: where nothing went there after all, no empty folders are left of the attempt. */
  end(): void {
    if (this.#isUsed || !this.#known.has(this.#operation)) return;
    this.#leave();
    try {
      removeEmpty(this.#folder, this.#operation);
      this.#known.delete(this.#operation);
    } catch {
      // There is something in it, or it has gone.
    }
  }

  /** Everything in it, oldest first. */
  list(): TrashItem[] {
    this.#changed = this.#mtime;
    const operations = readdirSync(this.#folder.path).sort();
    const items = operations.flatMap((operation) => [...itemsIn(this.#folder, operation)]);
    this.#used = items.reduce((sum, { size }) => sum + size, 0);
    this.#known = new Set(operations);
    return items;
  }

  /** Runs a function on the file that holds an item. Throws ENOENT where it is not there any more. */
  use<T>({ operation, path }: Pick<TrashItem, 'operation' | 'path'>, run: (file: string) => T): T {
    const [parent, name] = splitPath(path);
    using folder = this.#folder.descend([operation, ...partsOf(parent, machine.platform)]);
    return run(folder.at(name));
  }

  /** Whether this very content was filed under this path before, and is still there. */
  isFiled({ digest, path }: Pick<ContentRef, 'digest' | 'path'>): boolean {
    const filed = this.#filed.get(path);
    if (filed?.digest !== digest) return false;
    try {
      return this.use(filed.item, (file) => lstatSync(file).size === filed.item.size);
    } catch {
      this.#filed.delete(path);
      return false;
    }
  }

  /** Moves a staged content there. */
  file({ digest, path, size }: ContentRef, from: string): void {
    const place = this.move(from, path);
    this.count(size);
    const [parent] = splitPath(path);
    const name = place.slice(place.lastIndexOf('/') + 1);
    const item = { operation: this.#operation, path: parent === '' ? name : `${parent}/${name}`, size };
    this.#filed.set(path, { digest, item });
  }

  /** Empties it for good. Returns the bytes that were in it. */
  clear(): number {
    const used = this.#used;
    this.#leave();
    for (const name of readdirSync(this.#folder.path))
      rmSync(this.#folder.at(name), { recursive: true, force: true });
    this.#used = 0;
    return used;
  }

  close(): void {
    this.#leave();
    this.#folder.close();
  }

  /** A free name; the folder that it is in is kept open, for its neighbours are likely to come next. */
  #nameFor(path: string): string {
    const [parent, name] = splitPath(path);
    const key = `${this.#operation}/${parent}`;
    if (this.#place?.path !== key) {
      this.#leave();
      const parts = [this.#operation, ...partsOf(parent, machine.platform)];
      this.#place = { path: key, folder: this.#folder.descend(parts, 'make') };
      this.#known.add(this.#operation);
    }
    return freeName(this.#place.folder, name);
  }

  #leave(): void {
    this.#place?.folder.close();
    this.#place = undefined;
  }

  get #mtime(): number {
    return lstatSync(`${this.#folder.path}/.`).mtimeMs;
  }

  /** Another process that works in the same place shares the bound: what it has put here counts as well. */
  #countOthers(): void {
    const changed = this.#mtime;
    if (changed === this.#changed) return;
    this.#changed = changed;
    if (readdirSync(this.#folder.path).some((operation) => !this.#known.has(operation))) this.list();
  }

  /** It never takes more than it leaves to others. */
  get #isTooMuch(): boolean {
    return this.#used > Math.min(this.#limit, this.#free);
  }

  /**
   * Older versions of what fills it by itself go first, and then the oldest operations; the one that is under way
   * stays, whatever its size.
   */
  #evict(): void {
    this.#thinOut();
    for (const operation of readdirSync(this.#folder.path).sort()) {
      if (!this.#isTooMuch || operation === this.#operation) return;
      for (const { size } of itemsIn(this.#folder, operation)) this.#gone(size);
      rmSync(this.#folder.at(operation), { recursive: true, force: true });
    }
  }

  #thinOut(): void {
    for (const item of surplusVersions(this.list(), this.#limit)) {
      if (!this.#isTooMuch) return;
      if (item.operation === this.#operation) continue;
      this.use(item, (file) => rmSync(file, { force: true }));
      this.#gone(item.size);
      const isEmpty = itemsIn(this.#folder, item.operation).next().done;
      if (isEmpty) rmSync(this.#folder.at(item.operation), { recursive: true, force: true });
    }
  }

  #gone(size: number): void {
    this.#used -= size;
    this.#free += size;
  }
}

/** Removes a folder that has nothing but such folders in it. Throws ENOTEMPTY where it has. */
function removeEmpty(parent: Folder, name: string): void {
  using folder = parent.child(name);
  for (const entry of readdirSync(folder.path, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmpty(folder, entry.name);
  rmdirSync(parent.at(name));
}

function freeIn({ path }: Folder): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/**
 * Moves staged contents there; one that a failed attempt has filed already is not filed again. Returns those that could
 * not be, and why.
 */
export function discard(items: readonly ContentRef[], staging: Staging, trash: Trash): OperationResult[] {
  const failed: OperationResult[] = [];
  const last = new Map(items.map(({ digest }, index) => [digest, index]));
  for (const [index, item] of items.entries())
    try {
      if (trash.isFiled(item)) continue;
      trash.file(item, staging.take(item.digest, last.get(item.digest) === index));
      staging.release(true);
    } catch (error) {
      staging.release(false, item.digest);
      failed.push({ path: item.path, problem: reasonOf(error) });
    }
  return failed;
}

/** The name itself, or one beside it where the same path goes twice in one operation. */
function freeName(folder: Folder, name: string): string {
  for (let count = 0; ; count++) {
    const place = folder.at(count === 0 ? name : `${name}~${count}`);
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return place;
  }
}

const noLinks = ['EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'ENOSYS'];

/** No hard links there, or not to files of others (fs.protected_hardlinks): a copy does as well. */
export function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!noLinks.includes(codeOf(error))) throw error;
    copyFileSync(from, to);
  }
}
