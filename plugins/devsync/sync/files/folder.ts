/**
 * Directories that are held open, so that a path cannot be swapped for a link between two steps.
 *
 * Node has no openat(2). On Linux `/proc/self/fd/N/name` does the same: the kernel takes the directory that is
 * open, whatever has become of the path that led there. Elsewhere the path has to do.
 */
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { isAbsolute } from 'node:path';
import { machine } from '../../../../src/machine.ts';
import { findTwin } from './exact-names.ts';
import { partsOf } from './names.ts';
import { codeOf } from './system-error.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** open(2) on Linux; the same on all processors that Node runs on there. */
const O_PATH = 0x200000;
const canHold = machine.platform === 'linux' && existsSync('/proc/self/fd');

/** Why nothing is made or changed under a name. @param twin the one that is there. */
export const sameHere = (twin: string): string =>
  `${twin} differs only by case, and this is the same file here`;

/** A directory of the synced tree, or of our own folder in it. Close it, or use `using`. */
export class Folder implements Disposable {
  #fd: number | undefined;
  #self: Stats | undefined;
  #path: string | undefined;

  private constructor(path: string, fd: number | undefined) {
    this.#path = fd === undefined ? path : `/proc/self/fd/${fd}`;
    this.#fd = fd;
  }

  /**
   * A path to the directory itself that file system calls take. Throws EBADF once the folder is closed: its descriptor
   * may be another directory's by then.
   */
  get path(): string {
    if (this.#path === undefined)
      throw Object.assign(new Error('EBADF: the folder is closed'), { code: 'EBADF' });
    return this.#path;
  }

  /** Opens a directory; a link in its place is refused (ENOTDIR, ELOOP). */
  static open(path: string): Folder {
    if (canHold) return new Folder(path, openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (!lstatSync(path).isDirectory())
      throw Object.assign(new Error(`ENOTDIR: ${path}`), { code: 'ENOTDIR' });
    return new Folder(path, undefined);
  }

  /**
   * Opens the root of a synced tree by its real path, from `/` or from the root of the container's process, and
   * not through a link on the way: one that has been put there since leads elsewhere (ENOTDIR).
   */
  static root(path: string): Folder {
    if (!canHold) return Folder.open(path);
    const base = /^\/proc\/\d+\/root(?=\/|$)/.exec(path)?.[0] ?? '/';
    const parts = path.slice(base.length).split('/').filter(Boolean);
    // A directory may be searchable without being readable.
    let fd = openSync(base, O_PATH | O_DIRECTORY);
    try {
      for (const part of parts) {
        const next = openSync(`/proc/self/fd/${fd}/${part}`, O_PATH | O_DIRECTORY | O_NOFOLLOW);
        closeSync(fd);
        fd = next;
      }
      return Folder.open(`/proc/self/fd/${fd}/.`);
    } finally {
      closeSync(fd);
    }
  }

  /** A path to something in it. The name must have been checked. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** A directory in it, not through a link. */
  child(name: string): Folder {
    return Folder.open(this.at(name));
  }

  /** A directory in it, made where it is missing, for our own eyes. */
  make(name: string): Folder {
    try {
      mkdirSync(this.at(name), { mode: 0o700 });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    return this.child(name);
  }

  /** A directory in it that has this very name. Throws where that differs by case. */
  exactly(name: string): Folder {
    const twin = findTwin(this.path, name);
    if (twin !== undefined) throw new Error(sameHere(twin));
    return this.child(name);
  }

  /** The directory at the end of a way down, each part opened or made without following links. */
  descend(parts: readonly string[], step: 'child' | 'make' | 'exactly' = 'child'): Folder {
    let folder = Folder.open(`${this.path}/.`);
    for (const part of parts) {
      using outer = folder;
      folder = outer[step](part);
    }
    return folder;
  }

  stat(name: string): Stats {
    return lstatSync(this.at(name));
  }

  /** Of the directory itself, as it was when it was first asked for. */
  get self(): Stats {
    this.#self ??= lstatSync(`${this.path}/.`);
    return this.#self;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Once only: a descriptor that is closed twice may be another one's the second time. */
  close(): void {
    const fd = this.#fd;
    [this.#path, this.#fd] = [undefined, undefined];
    if (fd !== undefined) closeSync(fd);
  }
}

/** The way down to one directory below a root after another; the last one is kept open for its neighbours. */
export class Descent implements Disposable {
  readonly #root: string;
  readonly #foldsNames: boolean;
  #here: { readonly path: string; readonly folder: Folder } | undefined;

  /** @param foldsNames names that differ only by case are the same there: each must be spelled as the path has it. */
  constructor(root: string, foldsNames = false) {
    this.#root = root;
    this.#foldsNames = foldsNames;
  }

  /**
   * The directory at a path below the root, its names checked. It stays open until the next call. Throws what the system
   * says, and where a directory has its name in another case.
   */
  to(path: string): Folder {
    if (this.#here?.path === path) return this.#here.folder;
    this.leave();
    using root = Folder.root(this.#root);
    const folder = root.descend(partsOf(path, machine.platform), this.#foldsNames ? 'exactly' : 'child');
    this.#here = { path, folder };
    return folder;
  }

  leave(): void {
    this.#here?.folder.close();
    this.#here = undefined;
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}

const mostLinks = 40;

/**
 * The real path of a directory below a base (a container's root as seen from beside it), each link taken as
 * the container would take it: an absolute one begins at the base, `..` stops there.
 * Throws what the file system says: ENOENT, ENOTDIR, EACCES.
 */
export function resolveWithin(base: string, path: string): string {
  let pending = path.split('/');
  const done: string[] = [];
  for (let links = 0; pending.length > 0; ) {
    const name = pending.shift() as string;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      done.pop();
      continue;
    }
    const full = [base, ...done, name].join('/');
    if (!lstatSync(full).isSymbolicLink()) {
      done.push(name);
      continue;
    }
    if (++links > mostLinks)
      throw Object.assign(new Error(`ELOOP: too many links: ${path}`), { code: 'ELOOP' });
    const target = readlinkSync(full);
    if (isAbsolute(target)) done.length = 0;
    pending = [...target.split('/'), ...pending];
  }
  return `/${done.join('/')}`;
}
