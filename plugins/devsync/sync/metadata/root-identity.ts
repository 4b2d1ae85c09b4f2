/**
 * How a root is recognized: by its inode and its time of birth, kept in a file outside of it. A directory that is made
 * anew under the same name may get the same inode, but never the same time of birth.
 */
import { randomUUID } from 'node:crypto';
import { chownSync, lstatSync } from 'node:fs';
import { machine } from '../../../../src/machine.ts';
import type { Folder } from '../files/folder.ts';
import { readOwn, writeOwn } from './probe.ts';

const file = 'root';

interface Identity {
  readonly inode: string;
  /** Nanoseconds since 1970. */
  readonly born: string;
}

/** The id in the mark that a folder holds, where the mark is of this very directory. Nothing is made. */
export function readRootId(folder: Folder, root: Folder): string | undefined {
  try {
    const { id, inode, born } = JSON.parse(readOwn(folder, file) ?? '');
    const now = identityOf(root);
    return inode === now.inode && born === now.born && typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The id of a directory, which gets a mark where it has none. Throws where the file system does not keep when it was
 * made.
 *
 * @param path where it is, for a person who finds the mark. @param known the id that it had without a mark.
 */
export function rootIdFrom(folder: Folder, root: Folder, path: string, known?: string): string {
  const marked = readRootId(folder, root);
  if (marked !== undefined) return marked;
  const id = known ?? randomUUID();
  writeOwn(folder, file, JSON.stringify({ id, path, ...lastingIdentityOf(root) }));
  return id;
}

function identityOf(root: Folder): Identity {
  const { ino, birthtimeNs } = lstatSync(`${root.path}/.`, { bigint: true });
  return { inode: String(ino), born: String(birthtimeNs) };
}

/** Milliseconds in which a clock that stamps files ticks for certain. */
const tick = 20;

/**
 * An image's directory becomes another one with its first change (overlayfs copies it up): so it is changed first, by
 * giving it to whom it belongs, which nobody is told of. Where the system knows no time of birth, Node gives that of the
 * last change, which tells itself by changing.
 */
function lastingIdentityOf(root: Folder): Identity {
  touch(root);
  const before = lstatSync(`${root.path}/.`, { bigint: true });
  if (before.birthtimeNs === before.ctimeNs) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, tick);
    touch(root);
  }
  const { birthtimeNs, ctimeNs } = lstatSync(`${root.path}/.`, { bigint: true });
  // Windows always knows it, and is not told of this kind of change.
  const isKnown = machine.platform === 'win32' || birthtimeNs !== ctimeNs;
  if (birthtimeNs <= 0n || !isKnown) throw new Error('no time of birth');
  return identityOf(root);
}

const touch = (root: Folder) => chownSync(`${root.path}/.`, -1, -1);
