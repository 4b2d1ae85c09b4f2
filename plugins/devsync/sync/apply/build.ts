/**
 * A new directory with the files that are to be in it, built aside, where nobody looks, and put in place by one
 * rename: that is seen as a whole, is told as one event, and takes a third of the system calls. A rename never
 * replaces a directory that holds anything.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
} from 'node:fs';
import type { File } from '../../reconcile/entry.ts';
import type { Operation, OperationResult } from '../../reconcile/operations.ts';
import { splitPath } from '../../reconcile/tree.ts';
import { requireDigest, writeAll } from '../contents/content-writer.ts';
import { stagedMode } from '../contents/staging.ts';
import { Folder } from '../files/folder.ts';
import { reasonOf } from '../files/system-error.ts';
import { giveTime } from '../files/times.ts';
import type { ApplyContext } from './file-operations.ts';
import { fileMode, giveTo, modeInside, type ResolvedPath, setMode } from './file-operations.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = constants;

/** How many of the operations from `first` on make one directory and what is directly in it; 0: none. */
export function buildable(operations: readonly Operation[], first: number): number {
  const { path, old, new: wanted } = operations[first] as Operation;
  if (old !== undefined || wanted?.kind !== 'directory') return 0;
  let count = 1;
  for (let next = operations[first + 1]; next !== undefined; next = operations[first + count]) {
    const isIn = splitPath(next.path)[0] === path && next.old === undefined;
    if (!isIn || next.new === undefined || next.new.kind === 'directory') break;
    count++;
  }
  return count > 1 ? count : 0;
}

/** A file that was built, as it was when it was closed. */
interface Built {
  readonly path: string;
  readonly digest: string;
  readonly stats: Stats;
  /** Its content was in the staging folder. */
  readonly wasStaged: boolean;
}

/**
 * Makes a directory and what is in it. Undefined where that cannot be done in one go, since something has
 * appeared in its place: then it is for the caller to do step by step.
 */
export function buildDirectory(
  place: ResolvedPath,
  [made, ...inside]: readonly Operation[],
  context: ApplyContext,
): OperationResult[] | undefined {
  if (lstatSync(place.at, { throwIfNoEntry: false }) !== undefined) return undefined;
  const aside = context.staging.scratch();
  const built: Built[] = [];
  try {
    mkdirSync(aside);
    setMode(aside, made?.new?.kind === 'directory' ? made.new : {}, place.folder.self, context);
    using folder = Folder.open(aside);
    const results = inside.map((operation) => attempt(operation, folder, built, context));
    // Before anybody else can find it: no change goes unnoticed, and our own work is not told to us.
    context.onMade(place.path, folder);
    renameSync(aside, place.at);
    for (const { path, digest, stats } of built) context.cache.setOwn(path, stats, digest);
    return [{ path: place.path }, ...results];
  } catch {
    context.onUnmade(place.path);
    // What was staged is needed again when the operations are tried one by one.
    for (const { path, digest, wasStaged } of built)
      if (wasStaged) tryTo(() => context.staging.takeBack(digest, `${aside}/${splitPath(path)[1]}`));
    rmSync(aside, { recursive: true, force: true });
    return undefined;
  }
}

function attempt(
  operation: Operation,
  folder: Folder,
  built: Built[],
  context: ApplyContext,
): OperationResult {
  const { path, new: wanted } = operation;
  const at = folder.at(splitPath(path)[1]);
  try {
    if (wanted?.kind === 'symlink') symlinkSync(wanted.target, at);
    else if (wanted?.kind === 'file')
      built.push({ path, digest: wanted.digest, ...fill(at, operation, wanted, folder, context) });
    return { path };
  } catch (error) {
    rmSync(at, { force: true });
    return { path, problem: reasonOf(error) };
  }
}

/** Makes a file; its stats are taken while it is open, which saves the way there. */
function fill(
  at: string,
  operation: Operation,
  wanted: File,
  folder: Folder,
  context: ApplyContext,
): Pick<Built, 'stats' | 'wasStaged'> {
  const { staging, contents, hasModes } = context;
  const data = contents?.get(wanted.digest);
  if (data === undefined) renameSync(staging.take(wanted.digest, operation.reuse !== true), at);
  else requireDigest(wanted.digest, data);
  const flags = data === undefined ? constants.O_RDONLY : O_WRONLY | O_CREAT | O_EXCL;
  const fd = openSync(at, flags | O_NOFOLLOW, 0o644);
  try {
    if (data !== undefined) writeAll(fd, data);
    if (hasModes) giveTo(folder.self, (uid, gid) => fchownSync(fd, uid, gid));
    const mode = fileMode(wanted, modeInside(folder.self, wanted));
    if (hasModes && mode !== stagedMode) fchmodSync(fd, mode);
    giveTime(wanted.modified, (seconds) => futimesSync(fd, seconds, seconds));
    return { stats: fstatSync(fd), wasStaged: data === undefined };
  } finally {
    closeSync(fd);
  }
}

function tryTo(run: () => void): void {
  try {
    run();
  } catch {}
}
