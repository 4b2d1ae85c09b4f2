/** Changes taken apart into steps that a file system does in one go, in an order that works. */
import { childrenOf, isPhantom, join, type MaybeEntry, shallow, type Tracked, walk } from './entry.ts';
import type { Change } from './reconcile.ts';
import type { Edit } from './tree.ts';

/** One step at one path: from one shallow entry to another. A directory goes when it is empty, or it stays. */
export interface Operation {
  readonly path: string;
  readonly old: Tracked | undefined;
  readonly new: Tracked | undefined;
  /** A later operation needs the same content. */
  readonly reuse?: boolean;
}

/** What became of an operation. */
export interface OperationResult {
  readonly path: string;
  /** Why it was not done. */
  readonly problem?: string;
  /** A directory that was to go stays: there are ignored or new things in it. */
  readonly left?: boolean;
  /** It was done, but what it replaced had been changed in that very moment; the trash has that. */
  readonly surprise?: boolean;
}

/** The operations of changes: removals from the leaves up, creations from the root down. */
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

/** Everything that changes touch, as it was or will be called. */
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
  // What is directly in it comes right behind it, so that it can be put in place as a whole.
  for (const wantsDirectory of [false, true])
    for (const [name, child] of childrenOf(entry))
      if (isDirectory(child) === wantsDirectory)
        yield* creation(join(path, name), child as Tracked, undefined);
}

/**
 * What a side has become by operations that were really done, and so what both sides agree on. One that failed leaves
 * it as it was, and so does a directory that could not go: what is left in it was not deleted, or is new.
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
