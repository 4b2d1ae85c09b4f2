/**
 * The system's notifications of changes, taken as hints: they may be late, doubled or lost (a full queue loses
 * them without a word), so whoever uses them looks again now and then by itself.
 *
 * On Linux one watch a directory: Node's recursive watcher loses events there after a file was replaced.
 */
import { type FSWatcher, watch } from 'node:fs';
import { machine } from '../../../../src/machine.ts';
import { join } from '../../reconcile/entry.ts';
import type { Folder } from '../files/folder.ts';
import { isOurOwn, privateFolder } from '../files/names.ts';
import { codeOf } from '../files/system-error.ts';

/** macOS and Windows watch whole trees, and do it well. */
const wholeTrees = machine.platform === 'darwin' || machine.platform === 'win32';

export class Watches {
  readonly #watchers = new Map<string, FSWatcher>();
  /** Directories that the system would not watch, and why: there may be room when they are asked for again. */
  readonly #refused = new Map<string, string>();
  readonly #onEvent: (path: string) => void;
  #closed = false;

  /** @param onEvent gets the path, relative to the root, of what may have changed. */
  constructor(onEvent: (path: string) => void) {
    this.#onEvent = onEvent;
  }

  /** The number of directories that are watched. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Whether changes may go unnoticed now. */
  get isBlind(): boolean {
    return this.#refused.size > 0;
  }

  /** Why changes may go unnoticed now, each reason once. */
  get troubles(): string[] {
    return [...new Set(this.#refused.values())];
  }

  /** Watches a directory of the tree, anew if it was watched: the name may stand for another one now. */
  add(path: string, folder: Folder): void {
    if (this.#closed || (wholeTrees && path !== '')) return;
    this.#drop(path);
    try {
      // Where a directory itself is moved, the last part of the path that it is watched by is told as a name: a
      // dot can be no other one.
      const itself = wholeTrees ? folder.path : `${folder.path}/.`;
      const watcher = watch(itself, { persistent: false, recursive: wholeTrees }, (_, name) => {
        if (name === null) this.#onEvent(path);
        else if (name !== '.') this.#notice(path, name);
      });
      // A directory that goes away is noticed by its parent's watch.
      watcher.on('error', () => this.#drop(path));
      this.#watchers.set(path, watcher);
    } catch (error) {
      const why = explain(codeOf(error));
      if (why !== undefined) this.#refused.set(path, why);
    }
  }

  /** Whether a directory is watched, or would be if there were room. */
  has(path: string): boolean {
    return this.#watchers.has(path) || this.#refused.has(path);
  }

  /** Stops watching a directory that was empty when it went. */
  forget(path: string): void {
    this.#drop(path);
  }

  /** Stops watching a directory and all below it. */
  remove(path: string): void {
    this.#drop(path);
    const below = `${path}/`;
    for (const known of [this.#watchers, this.#refused])
      for (const one of known.keys()) if (path === '' || one.startsWith(below)) this.#drop(one);
  }

  close(): void {
    this.#closed = true;
    for (const path of this.#watchers.keys()) this.#drop(path);
  }

  #notice(directory: string, name: string): void {
    const path = join(directory, wholeTrees ? name.replaceAll('\\', '/') : name);
    // Where whole trees are watched, ours may be anywhere in them.
    const isOurs = path.includes(privateFolder) && path.split('/').some(isOurOwn);
    if (!isOurs) this.#onEvent(path);
  }

  #drop(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
    this.#refused.delete(path);
  }
}

/** Undefined where there is nothing to watch any more. */
function explain(code: string): string | undefined {
  switch (code) {
    case 'ENOSPC':
      return 'the limit of watched directories is reached (sysctl fs.inotify.max_user_watches raises it)';
    case 'EMFILE':
    case 'ENFILE':
      return 'the limit of watchers or open files is reached (sysctl fs.inotify.max_user_instances, ulimit -n)';
    case 'ENOENT':
    case 'ENOTDIR':
      return undefined;
    default:
      return `changes cannot be watched (${code})`;
  }
}
