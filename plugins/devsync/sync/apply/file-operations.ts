/** Creates, replaces and removes one file or link. */
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  readlinkSync,
  renameSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import type { Clock } from '../../../../src/clock.ts';
import { machine } from '../../../../src/machine.ts';
import type { Directory, File, Reach, Symlink } from '../../reconcile/entry.ts';
import type { OperationResult } from '../../reconcile/operations.ts';
import { type Staging, stagedMode } from '../contents/staging.ts';
import type { Contents } from '../endpoint.ts';
import type { Folder } from '../files/folder.ts';
import { codeOf } from '../files/system-error.ts';
import { giveTime } from '../files/times.ts';
import type { Gate } from '../ignore/gate.ts';
import { type DigestCache, digestLarge, digestSmall } from '../scan/digest.ts';
import type { ScanOptions } from '../scan/scan.ts';
import { backUp, isSameFile } from '../trash/backup.ts';
import type { Trash } from '../trash/trash.ts';
import type { InPlaceFiles } from './in-place.ts';

/** What an operation on a directory tree works with. */
export interface ApplyContext {
  readonly root: string;
  readonly options: ScanOptions;
  readonly cache: DigestCache;
  /** Nothing is made that does not pass it. */
  readonly gate: Gate;
  /** Nothing is made that has git take the directory it is in for a repository. */
  readonly refusesRepositories: boolean;
  readonly staging: Staging;
  readonly trash: Trash;
  readonly inPlace: InPlaceFiles;
  readonly clock: Clock;
  /** How many are done at a time. */
  readonly operations: number;
  /** Whether a changed file at this path stays the same file. */
  readonly isInPlace: (path: string) => boolean;
  /** Whether something else is mounted at this path. */
  readonly isMounted: (path: string) => boolean;
  readonly foldsNames: boolean;
  /** The file system knows an executable bit. */
  readonly hasModes: boolean;
  /** Contents that came along; others wait in the staging folder. */
  readonly contents: Contents | undefined;
  /** Paths of this operation that could not be deleted, in this batch or in one before. */
  readonly undeleted: Set<string>;
  /** A directory of ours is about to appear at this path, and did not, after all. */
  readonly onMade: (path: string, folder: Folder) => void;
  readonly onUnmade: (path: string) => void;
  /** A file was written in place that has this name as well. */
  readonly onLinked: (path: string) => void;
}

export interface ResolvedPath {
  /** Relative to the root. */
  readonly path: string;
  /** What file system calls take. */
  readonly at: string;
  /** The parent. */
  readonly folder: Folder;
  readonly name: string;
}

export type Leaf = File | Symlink;

/** Whether a file or a link is still the one that the plan was made for; its content decides, never its time. */
export async function isWhatWasSeen(
  { path, at }: ResolvedPath,
  old: Leaf,
  stats: Stats,
  { cache, hasModes, options }: ApplyContext,
): Promise<boolean> {
  if (old.kind === 'symlink') return stats.isSymbolicLink() && readlinkSync(at) === old.target;
  if (!stats.isFile() || stats.size !== old.size) return false;
  const isExecutable = (stats.mode & 0o111) !== 0;
  if (hasModes && isExecutable !== (old.executable ?? isExecutable)) return false;
  if (options.permissions === 'kept' && old.mode !== undefined && (stats.mode & 0o777) !== old.mode)
    return false;
  const digest = cache.get(path, stats) ?? digestSmall(at)?.digest ?? (await digestLarge(at));
  return digest === old.digest;
}

/** Puts something where nothing is; whatever has appeared there meanwhile stays. */
export function putNew(
  place: ResolvedPath,
  wanted: Leaf,
  context: ApplyContext,
  content: string | undefined,
): OperationResult {
  const { path, at, folder } = place;
  try {
    if (wanted.kind === 'symlink') symlinkSync(wanted.target, at);
    else if (content !== undefined) {
      dress(content, wanted, folder.self, false, context);
      const written = lstatSync(content);
      moveToFree(content, at);
      remember(place, wanted, written, context);
    }
    return { path };
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return { path, problem: 'something else has appeared there' };
  }
}

/**
 * Puts something over a file or link that has just been looked at. What that was is in the trash first, together with
 * what is written to it in that moment.
 */
export async function putOver(
  place: ResolvedPath,
  old: Leaf,
  wanted: Leaf,
  stats: Stats,
  context: ApplyContext,
  content: () => string,
): Promise<OperationResult> {
  const { path, at, folder } = place;
  if (old.kind === 'file' && wanted.kind === 'file' && old.digest === wanted.digest) {
    setFileMode(at, wanted, stats.mode, context);
    remember(place, wanted, stats, context);
    return { path };
  }
  const inPlace = old.kind === 'file' && wanted.kind === 'file' ? { old, wanted, stats } : undefined;
  if (inPlace && context.isInPlace(path)) return await putInPlace(place, inPlace, context, content());
  if (context.isMounted(path)) return { path, problem: mountedThere };
  const incoming = wanted.kind === 'file' ? content() : link(wanted, context);
  // The mode of a link says nothing, so what comes in its place is dressed as a new one.
  const isLikeOld = old.kind === 'file';
  if (wanted.kind === 'file') dress(incoming, wanted, isLikeOld ? stats : folder.self, isLikeOld, context);
  const written = wanted.kind === 'file' ? lstatSync(incoming) : undefined;
  using backup = backUp(at, path, stats, context.trash, context.operations);
  try {
    // Between this look and the rename there is nothing: what is put there in between would be lost.
    if (!isSameFile(lstatSync(at), stats)) throw new Error('it has changed meanwhile');
    renameSync(incoming, at);
  } catch (error) {
    // It is where it was: a second one in the trash would be one more at every attempt.
    backup.remove();
    if (codeOf(error) !== 'EBUSY' || inPlace === undefined) throw error;
    // It is mounted alone.
    return await putInPlace(place, inPlace, context, incoming);
  }
  const wasWritten = await backup.finish(context.clock);
  if (wanted.kind === 'file' && written) remember(place, wanted, written, context);
  else context.cache.delete(path);
  context.trash.count(stats.size);
  return wasWritten ? { path, surprise: true } : { path };
}

interface Replacement {
  readonly old: File;
  readonly wanted: File;
  /** Of the file, when it was looked at. */
  readonly stats: Stats;
}

/** Makes a file that has just been looked at another content; it stays the same file. */
async function putInPlace(
  place: ResolvedPath,
  { old, wanted, stats }: Replacement,
  context: ApplyContext,
  incoming: string,
): Promise<OperationResult> {
  const { path, at } = place;
  setFileMode(at, wanted, stats.mode, context, stats.mode & 0o7777);
  const written = await context.inPlace.write({
    path,
    at,
    stats,
    digests: { old: old.digest, new: wanted.digest },
    incoming,
    keep: () => context.trash.copy(at, path),
    modified: wanted.modified,
  });
  context.trash.count(stats.size);
  // What was written is the content of its other names as well, of which the system tells nothing.
  if (written.nlink > 1)
    for (const other of context.cache.pathsOf(written.ino)) if (other !== path) context.onLinked(other);
  remember(place, wanted, written, context);
  return { path };
}

const mountedThere = 'something is mounted there, which can be neither replaced nor deleted';

/** Takes a file or link away, into the trash; one that was swapped in that moment is put back. */
export function removeLeaf(
  { path, at }: ResolvedPath,
  stats: Stats,
  { trash, cache, isMounted }: ApplyContext,
): OperationResult {
  // Beside the container, the system would take the mount away from it without a word.
  if (isMounted(path)) return { path, problem: mountedThere };
  const kept = trash.move(at, path);
  cache.delete(path);
  if (isSameFile(lstatSync(kept), stats)) {
    trash.count(stats.size);
    return { path };
  }
  moveToFree(kept, at);
  return { path, problem: 'it has changed meanwhile' };
}

/**
 * Permission bits of a directory, and for a new one the owner of the directory around it, where that is allowed. What a
 * directory has beyond them stays, and setgid is handed on: what comes into it belongs to its group.
 */
export function setMode(
  at: string,
  { mode, reach }: Pick<Directory, 'mode' | 'reach'>,
  parent: Stats | undefined,
  { hasModes }: ApplyContext,
): void {
  if (!hasModes) return;
  if (parent !== undefined) giveTo(parent, (uid, gid) => chownSync(at, uid, gid));
  const special = parent === undefined ? lstatSync(at).mode & 0o7000 : parent.mode & 0o2000;
  const bits = mode ?? (parent === undefined ? undefined : parent.mode & 0o777);
  if (bits !== undefined) chmodSync(at, (parent ? within(reach, bits, parent.mode) : bits) | special);
}

/** A rename that never replaces anything: EEXIST. */
function moveToFree(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error;
    // No hard links on this file system.
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined)
      throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
    renameSync(from, to);
    return;
  }
  unlinkSync(from);
}

function link({ target }: Symlink, { staging }: ApplyContext): string {
  const scratch = staging.scratch();
  symlinkSync(target, scratch);
  return scratch;
}

/** Owner, group and mode: of what it replaces, or of the directory that it comes into. */
function dress(content: string, wanted: File, like: Stats, isFile: boolean, context: ApplyContext): void {
  giveTime(wanted.modified, (seconds) => utimesSync(content, seconds, seconds));
  if (!context.hasModes) return;
  giveTo(like, (uid, gid) => chownSync(content, uid, gid));
  if (isFile) setFileMode(content, wanted, like.mode, context, stagedMode);
  else setFileMode(content, wanted, modeInside(like, wanted), context, stagedMode);
}

/** @param now the mode that it has, as far as that is known. */
function setFileMode(at: string, wanted: File, like: number, { hasModes }: ApplyContext, now?: number): void {
  if (!hasModes) return;
  const mode = fileMode(wanted, like);
  if (mode !== now) chmodSync(at, mode);
}

/** Of a mode, what those have who have any rights on the other side. @param around the mode of the directory around it. */
function within(reach: Reach | undefined, mode: number, around: number): number {
  if (reach === undefined) return mode;
  // A directory that hands its group on is shared by that: what runs beside the container's user has no other right.
  const isShared = reach === 'group' || (around & 0o2000) !== 0;
  return mode & (isShared ? 0o7770 : 0o7700);
}

/** What a new file in a directory is like. */
export const modeInside = (folder: Stats, { reach }: File): number =>
  within(reach, folder.mode & 0o666, folder.mode);

/** The permission bits of a file: those that it is to have, or those of what it is like. */
export function fileMode(wanted: File, like: number): number {
  const plain = like & 0o7777 & ~0o111;
  // Everybody who may read it may execute it.
  const portable = wanted.executable ? plain | ((plain & 0o444) >> 2) : plain;
  return wanted.mode ?? portable;
}

/** chown(2) leaves what it is given as -1. */
const same = -1;
const ourselves = { uid: machine.uid ?? -1, gid: machine.gid ?? -1 };

/**
 * Gives a new file to the owner and the group of another one. Only root may do both; the group alone may be given by
 * whoever is in it, as all are in the one of a pod's volumes. Where neither is allowed, it stays a file of our own.
 */
export function giveTo({ uid, gid }: Stats, chown: (uid: number, gid: number) => void): void {
  if (uid === ourselves.uid && gid === ourselves.gid) return;
  for (const owner of [uid, same])
    try {
      chown(owner, gid);
      return;
    } catch {
      // Another one, or none.
    }
}

/** @param written what was put there, as it was before anybody else could write to it. */
function remember(
  { path, at }: ResolvedPath,
  { digest }: File,
  written: Stats,
  { cache }: ApplyContext,
): void {
  const stats = lstatSync(at);
  if (isSameFile(stats, written)) cache.setOwn(path, stats, digest);
  else cache.delete(path);
}
