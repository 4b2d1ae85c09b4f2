/**
 * Where a root is: which directory it is, and on which mount. It tells a directory that was made anew, which is taken for
 * the same one, from one that something else was mounted over: nobody meant that one's files for the other side.
 */
import { closeSync, lstatSync, openSync, readFileSync } from 'node:fs';

export interface RootPlace {
  readonly device: string;
  /** By which the kernel knows the mount, where it says so. */
  readonly mount: string | undefined;
  readonly inode: string;
  /** Nanoseconds since 1970; undefined where it is not known. */
  readonly born: string | undefined;
}

/** Undefined where nothing is there. */
export function readRootPlace(path: string): RootPlace | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stats?.isDirectory()) return undefined;
  const { dev, ino, birthtimeNs, ctimeNs } = stats;
  // Where the system knows no time of birth, Node gives that of the last change.
  const born = birthtimeNs > 0n && birthtimeNs !== ctimeNs ? String(birthtimeNs) : undefined;
  return { device: String(dev), mount: mountOf(path), inode: String(ino), born };
}

/** Whether another directory has taken its place by a mount, or as one is gone. */
export function isOtherMount(began: RootPlace, now: RootPlace): boolean {
  const isMoved = began.device !== now.device || isOther(began.mount, now.mount);
  return isMoved && (began.inode !== now.inode || isOther(began.born, now.born));
}

const isOther = (one: string | undefined, other: string | undefined) =>
  one !== undefined && other !== undefined && one !== other;

/** Linux alone mounts directories over each other within one file system, and says which mount an open one is on. */
function mountOf(path: string): string | undefined {
  let opened: number | undefined;
  try {
    opened = openSync(path, 'r');
    return /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${opened}`, 'utf8'))?.[1];
  } catch {
    return undefined;
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
}
