/** Splits changes into operations, each of which is one step for a file system, in an order in which all can be done. */
import { childrenOf, isPhantom, join, type MaybeEntry, shallow, type Tracked, walk } from './entry.ts';
import type { Change } from './reconcile.ts';
import type { Edit } from './tree.ts';

/** One step at one path, from one entry without its children to another. A directory is deleted only if it is empty. */
export interface Operation {
  readonly path: string;
  readonly old: Tracked | undefined;
  readonly new: Tracked | undefined;
  /** A later operation needs the same content, which must be kept until then. */
  readonly reuse?: boolean;
}

/** What came of an operation. */
export interface OperationResult {
  readonly path: string;
  /** Why it was not done. */
  readonly problem?: string;
  /** A directory was not deleted, because it holds ignored or new entries. */
  readonly left?: boolean;
  /** It was done, but the file that it replaced had just been changed. That version is in the trash. */
  readonly surprise?: boolean;
}

/** Yields the operations of changes: deletions from the leaves up, creations from the root down. */
export function* operationsOf(changes: Iterable<Change>): Generator<Operation> {
  for (const change of changes) {
    const [old, to] = [change.old, change.new];
    if (isDirectory(old) && isDirectory(to)) {
      yield { path: change.path, old: shallow(old), new: shallow(to) };
    } else if (isDirectory(old) || to === undefined) {
      yield* removal(change.path, old);
      if (to !== undefined) yield* creation(change.path, to, undefined);
    } else if (isDirectory(to) && isReplaceable(old)) {
      yield* removal(change.path, old);
      yield* creation(change.path, to, undefined);
    } else yield* creation(change.path, to, old);
  }
}

/** Yields every path that changes touch, before or after them. */
export function* pathsOf(changes: Iterable<Change>): Generator<string> {
  for (const change of changes)
    for (const entry of [change.old, change.new]) for (const [path] of walk(entry, change.path)) yield path;
}

const isDirectory = (entry: MaybeEntry) => entry?.kind === 'directory';
const isReplaceable = (entry: MaybeEntry) => entry?.kind === 'file' || entry?.kind === 'symlink';

function* removal(path: string, entry: MaybeEntry): Generator<Operation> {
  if (entry === undefined || entry.kind === 'untracked' || entry.kind === 'problem') return;
  for (const [name, child] of childrenOf(entry)) yield* removal(join(path, name), child);
  if (!isPhantom(entry)) yield { path, old: shallow(entry), new: undefined };
}

function* creation(path: string, entry: Tracked, old: MaybeEntry): Generator<Operation> {
  const replaced = old?.kind === 'file' || old?.kind === 'symlink' ? old : undefined;
  yield { path, old: replaced, new: shallow(entry) };
  // Its files come directly after it, so that the directory can be put in place together with them.
  const children = childrenOf(entry);
  for (const [name, child] of children)
    if (!isDirectory(child)) yield { path: join(path, name), old: undefined, new: child as Tracked };
  for (const [name, child] of children)
    if (isDirectory(child)) yield* creation(join(path, name), child as Tracked, undefined);
}

/**
 * Yields the edits to the ancestor that follow from operations which were really done. A failed operation gives none.
 * Neither does a directory that was not deleted, since what is in it is new, or was not deleted either.
 */
export function* editsOf(
  operations: readonly Operation[],
  results: readonly OperationResult[],
): Generator<Edit> {
  for (const [index, { path, new: wanted }] of operations.entries()) {
    const result = results[index];
    if (result?.path === path && result.problem === undefined && !result.left) yield [path, wanted];
  }
}
