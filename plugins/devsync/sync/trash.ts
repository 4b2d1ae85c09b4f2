/**
 * Everything that is overwritten or deleted goes here first, under the time of the operation and its own
 * path, so that a person finds it without any tool. Bounded: the oldest goes for good.
 */

import {
  copyFileSync,
  linkSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { machine } from '../../../src/machine.ts';
import { join } from '../reconcile/entry.ts';
import type { Outcome } from '../reconcile/operations.ts';
import { splitPath } from '../reconcile/tree.ts';
import type { Folder } from './folder.ts';
import type { TrashItem, Wanted } from './items.ts';
import { partsOf } from './names.ts';
import type { Staging } from './staging.ts';
import { codeOf, reasonOf } from './system-error.ts';

export class Trash {
  readonly #folder: Folder;
  readonly #limit: number;
  #operation = '';
  /** As far as is known: a person may take things out, and so may another process. */
  #used = 0;
  /** The operation in which it was counted anew. */
  #counted = '';
  #place: { readonly path: string; readonly folder: Folder } | undefined;

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
    this.#operation = operation;
  }

  /** Gives a file or link that stays where it is a second name in the trash. Returns that name. */
  keep(from: string, path: string): string {
    const stats = lstatSync(from);
    const place = this.#nameFor(path);
    if (stats.isSymbolicLink()) symlinkSync(readlinkSync(from), place);
    else linkOrCopy(from, place);
    this.#account(stats.size);
    return place;
  }

  /** Moves a file or link there. Returns its name in the trash. */
  move(from: string, path: string): string {
    const place = this.#nameFor(path);
    renameSync(from, place);
    this.#account(lstatSync(place).size);
    return place;
  }

  /** Everything in it, oldest first. */
  list(): TrashItem[] {
    const operations = readdirSync(this.#folder.path).sort();
    const items = operations.flatMap((operation) => [...itemsIn(this.#folder.path, operation, '')]);
    this.#used = items.reduce((sum, { size }) => sum + size, 0);
    return items;
  }

  /** Runs a function on the file that holds an item. Throws ENOENT where it is not there any more. */
  use<T>({ operation, path }: Pick<TrashItem, 'operation' | 'path'>, run: (file: string) => T): T {
    const [parent, name] = splitPath(path);
    using folder = this.#folder.descend([operation, ...partsOf(parent, machine.platform)]);
    return run(folder.at(name));
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
    }
    return freeName(this.#place.folder, name);
  }

  #leave(): void {
    this.#place?.folder.close();
    this.#place = undefined;
  }

  #account(size: number): void {
    this.#used += size;
    if (this.#used <= this.#limit) return;
    // Before anything is given up for good, what is really there is counted: once an operation, as that takes long.
    if (this.#counted !== this.#operation) this.list();
    this.#counted = this.#operation;
    if (this.#used > this.#limit) this.#evict();
  }

  /** The oldest operations go; the one that is under way stays, whatever its size. */
  #evict(): void {
    for (const operation of readdirSync(this.#folder.path).sort()) {
      if (this.#used <= this.#limit || operation === this.#operation) return;
      for (const { size } of itemsIn(this.#folder.path, operation, '')) this.#used -= size;
      rmSync(this.#folder.at(operation), { recursive: true, force: true });
    }
  }
}

/** Moves staged contents there. Returns those that could not be, and why. */
export function discard(items: readonly Wanted[], staging: Staging, trash: Trash): Outcome[] {
  const failed: Outcome[] = [];
  for (const { digest, path } of items)
    try {
      trash.move(staging.take(digest, false), path);
    } catch (error) {
      failed.push({ path, problem: reasonOf(error) });
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
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!noLinks.includes(codeOf(error))) throw error;
    copyFileSync(from, to);
  }
}

function* itemsIn(folder: string, operation: string, path: string): Generator<TrashItem> {
  const full = `${folder}/${operation}${path === '' ? '' : `/${path}`}`;
  const stats = lstatSync(full);
  if (!stats.isDirectory()) yield { operation, path, size: stats.size };
  else for (const name of readdirSync(full)) yield* itemsIn(folder, operation, join(path, name));
}
