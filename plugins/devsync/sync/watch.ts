/**
 * The system's notifications of changes, taken as hints: they may be late, doubled or lost (a full queue loses
 * them without a word), so whoever uses them looks again now and then by itself.
 *
 * On Linux one watch a directory: Node's recursive watcher loses events there after a file was replaced.
 */
import { type FSWatcher, statfsSync, watch } from 'node:fs';
import { machine } from '../../../src/machine.ts';
import { join } from '../reconcile/entry.ts';
import type { Folder } from './folder.ts';
import { privateFolder } from './names.ts';
import { codeOf } from './system-error.ts';

/** File systems on which notifications do not tell what other machines do. */
const networked = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x6b414653, 'AFS'],
]);

/** The name of the network file system that a directory is on, if it is one. */
export function networkFileSystem(path: string): string | undefined {
  try {
    return networked.get(Number(statfsSync(path).type) >>> 0);
  } catch {
    return undefined;
  }
}

/** macOS and Windows watch whole trees, and do it well. */
const wholeTrees = machine.platform === 'darwin' || machine.platform === 'win32';

export class Watches {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #onEvent: (path: string) => void;
  readonly #onTrouble: (why: string) => void;
  #closed = false;

  /**
   * @param onEvent gets the path, relative to the root, of what may have changed.
   * @param onTrouble is told, once a reason, why changes may go unnoticed.
   */
  constructor(onEvent: (path: string) => void, onTrouble: (why: string) => void) {
    this.#onEvent = onEvent;
    this.#onTrouble = onTrouble;
  }

  /** The number of directories that are watched. */
  get size(): number {
    return this.#watchers.size;
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
      this.#explain(codeOf(error));
    }
  }

  /** Stops watching a directory and all below it. */
  remove(path: string): void {
    this.#drop(path);
    const below = `${path}/`;
    for (const one of this.#watchers.keys()) if (path === '' || one.startsWith(below)) this.#drop(one);
  }

  close(): void {
    this.#closed = true;
    for (const path of this.#watchers.keys()) this.#drop(path);
  }

  #notice(directory: string, name: string): void {
    const path = join(directory, wholeTrees ? name.replaceAll('\\', '/') : name);
    if (path !== privateFolder && !path.startsWith(`${privateFolder}/`)) this.#onEvent(path);
  }

  #drop(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }

  #explain(code: string): void {
    if (code === 'ENOSPC')
      this.#onTrouble('the limit of watched directories is reached (fs.inotify.max_user_watches)');
    else if (code === 'EMFILE' || code === 'ENFILE')
      this.#onTrouble('the limit of watchers or open files is reached (fs.inotify.max_user_instances)');
    else if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#onTrouble(`changes cannot be watched (${code})`);
  }
}
