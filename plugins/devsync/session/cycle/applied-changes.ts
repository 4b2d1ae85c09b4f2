/** What a cycle has changed on each side, for whoever acts on it: reloads. */
import { contains, type Entry, type MaybeEntry, sameShallow, walk } from '../../reconcile/entry.ts';
import type { OperationResult } from '../../reconcile/operations.ts';
import type { Change } from '../../reconcile/reconcile.ts';
import { lookup } from '../../reconcile/tree.ts';
import type { AppliedPath } from '../../reload/schedule.ts';
import type { Side } from '../status/state.ts';
import { isDone } from '../transfers/tree-snapshot.ts';

export interface AppliedChanges {
  /** By the first reconciliation of this stream. */
  readonly isFirst: boolean;
  /** Files and links that were put or deleted in the container. */
  readonly container: readonly AppliedPath[];
  /** Paths that this workstation got from the container. */
  readonly local: readonly string[];
}

/** @param ancestor what both sides had agreed on before. */
export function appliedChanges(
  changes: Readonly<Record<Side, readonly Change[]>>,
  results: Readonly<Record<Side, readonly OperationResult[]>>,
  ancestor: MaybeEntry,
  isFirst: boolean,
): AppliedChanges {
  const done = new Set(results.container.filter(isDone).map(({ path }) => path));
  const container = changes.container
    .flatMap((change) => [...pathsIn(change, ancestor)])
    .filter(({ path }) => done.has(path));
  return { isFirst, container, local: results.local.filter(isDone).map(({ path }) => path) };
}

/** What was done on a side that is told: a person may not expect it, or may look for what is gone. */
export interface ToldChanges {
  /** Files and links that differed from what was agreed on, and the other side won. */
  readonly putRight: readonly string[];
  /** Files and links that both had agreed on, or that nobody edited, and that are gone now. */
  readonly deleted: readonly string[];
  /** Files and directories that are new, and not for everybody. */
  readonly narrow: readonly string[];
}

/** @param ancestor what both sides had agreed on before. */
export function toldChanges(
  changes: readonly Change[],
  results: readonly OperationResult[],
  ancestor: MaybeEntry,
): ToldChanges {
  const told = { putRight: [] as string[], deleted: [] as string[], narrow: [] as string[] };
  const done = new Set(results.filter(isDone).map(({ path }) => path));
  for (const change of changes) {
    const hasWon = change.reason === 'wins';
    if (change.old?.kind !== 'file' && contains(change.new, isNarrow))
      for (const [path, entry] of walk(change.new, change.path))
        if (isNarrow(entry) && done.has(path)) told.narrow.push(path);
    if (!hasWon && change.old === undefined) continue;
    for (const { path, entry, isRevert } of pathsIn(change, ancestor))
      if (done.has(path)) {
        if (hasWon && isRevert) told.putRight.push(path);
        else if (entry === undefined) told.deleted.push(path);
      }
  }
  return told;
}

const isNarrow = (entry: Entry): boolean => 'reach' in entry;

function* pathsIn({ path: top, old, new: wanted }: Change, ancestor: MaybeEntry): Generator<AppliedPath> {
  const before = leavesOf(old, top);
  const after = leavesOf(wanted, top);
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [was, entry] = [before.get(path), after.get(path)];
    yield { path, entry, isRevert: !sameShallow(was, lookup(ancestor, path)) };
  }
}

/** Files and links by their paths. */
function leavesOf(tree: MaybeEntry, top: string): Map<string, MaybeEntry> {
  const leaves = new Map<string, MaybeEntry>();
  for (const [path, entry] of walk(tree, top))
    if (entry.kind === 'file' || entry.kind === 'symlink') leaves.set(path, entry);
  return leaves;
}
