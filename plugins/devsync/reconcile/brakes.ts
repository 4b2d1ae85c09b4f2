/** Brakes: plans that look like an accident are not carried out before a person has said so. */
import { childrenOf, type Entry, isPhantom, type MaybeEntry, measure } from './entry.ts';
import { filesGone, takesFiles } from './losses.ts';
import type { AlphaBeta, Change, Plan } from './reconcile.ts';

export type Brake =
  /** The root is gone on this side, or is no directory any more, or nothing is left in it. */
  | { readonly kind: 'root vanished' | 'root changed its type' | 'root emptied'; readonly side: AlphaBeta }
  /** So many of the files that this side has, or had a moment ago, would be gone; `now` of them are yet to go. */
  | {
      readonly kind: 'mass deletion';
      readonly side: AlphaBeta;
      readonly files: number;
      readonly of: number;
      readonly now: number;
    }
  /** What would be overwritten or deleted does not fit into the trash. */
  | {
      readonly kind: 'trash too small';
      readonly side: AlphaBeta;
      readonly bytes: number;
      readonly limit: number;
    };

/** Fewer files than this may go at once without a question. */
export const fewFiles = 10;

/**
 * Every reason to stop and ask, the gravest first. Those that were confirmed are for the caller to let pass.
 *
 * @param recent what was carried over to each side just now.
 */
export function* brakesFor(
  ancestor: MaybeEntry,
  alpha: MaybeEntry,
  beta: MaybeEntry,
  plan: Plan,
  trashLimits: Readonly<Record<AlphaBeta, number>>,
  recent: Readonly<Record<AlphaBeta, readonly Change[]>> = { alpha: [], beta: [] },
): Generator<Brake, void> {
  const trees = { alpha, beta };
  for (const side of ['alpha', 'beta'] as const) {
    const root = rootBrake(ancestor, trees[side], side);
    if (root) yield root;
  }
  for (const side of ['alpha', 'beta'] as const) {
    const deletion = massDeletion(trees[side], plan[side], recent[side], side);
    if (deletion) yield deletion;
  }
  for (const side of ['alpha', 'beta'] as const) {
    const [bytes, limit] = [bytesDiscarded(plan, side), trashLimits[side]];
    if (bytes > limit) yield { kind: 'trash too small', side, bytes, limit };
  }
}

/** Whether who has confirmed one brake has seen the other one in it: the same accident, and no more of it. */
export function isCovered(brake: Brake, confirmed: Brake): boolean {
  // Where one side's root is gone, all that the other one has of it goes.
  if (brake.kind === 'mass deletion' && confirmed.kind.startsWith('root ') && confirmed.side !== brake.side)
    return true;
  return (
    brake.kind === confirmed.kind && brake.side === confirmed.side && amountOf(brake) <= amountOf(confirmed)
  );
}

function amountOf(brake: Brake): number {
  if (brake.kind === 'mass deletion') return brake.now;
  return brake.kind === 'trash too small' ? brake.bytes : 0;
}

function rootBrake(ancestor: MaybeEntry, root: MaybeEntry, side: AlphaBeta): Brake | undefined {
  // Of a root that cannot be read nothing is known, and nothing is done.
  if (ancestor === undefined || root?.kind === 'problem') return undefined;
  if (root === undefined) return { kind: 'root vanished', side };
  if (root.kind !== ancestor.kind) return { kind: 'root changed its type', side };
  // What is ignored stays, our own folder at least.
  const isEmpty = [...childrenOf(root).values()].every(isNobodys);
  // One file that goes is a person at work; a handful that goes at once is a mount that is missing.
  return isEmpty && childrenOf(ancestor).size >= 2 ? { kind: 'root emptied', side } : undefined;
}

const isNobodys = (entry: Entry) => entry.kind === 'untracked' || isPhantom(entry);

/** Too many files that a side would lose now, or would have lost with those that it lost just now. */
function massDeletion(
  tree: MaybeEntry,
  plan: readonly Change[],
  recent: readonly Change[],
  side: AlphaBeta,
): Brake | undefined {
  if (!plan.some(takesFiles)) return undefined;
  const [now, there] = [filesGone(plan), measure(tree).files];
  const lately = { files: filesGone([...recent, ...plan]), of: there + filesGone(recent) };
  for (const { files, of } of [{ files: now, of: there }, lately])
    if (files >= fewFiles && files * 2 > of) return { kind: 'mass deletion', side, files, of, now };
  return undefined;
}

/** Bytes that go into a side's trash. */
function bytesDiscarded(plan: Plan, side: AlphaBeta): number {
  let bytes = 0;
  for (const { old, new: to } of plan[side]) {
    const isKept = old?.kind === 'file' && to?.kind === 'file' && old.digest === to.digest;
    // Directories on both sides differ in their permissions only.
    if (!isKept && !(old?.kind === 'directory' && to?.kind === 'directory')) bytes += measure(old).bytes;
  }
  return bytes;
}

/** A sentence for a person; the names say where: `in the container`, `on this workstation`. */
export function explainBrake(brake: Brake, names: Readonly<Record<AlphaBeta, string>>): string {
  const where = names[brake.side];
  switch (brake.kind) {
    case 'root vanished':
      return `the directory is gone ${where}`;
    case 'root changed its type':
      return `the directory is no directory any more ${where}`;
    case 'root emptied':
      return `the directory is empty ${where}`;
    case 'mass deletion':
      return `${brake.files} of ${brake.of} files would be deleted ${where}`;
    case 'trash too small':
      return `${brake.bytes} bytes would be replaced or deleted ${where}, and the trash holds ${brake.limit}`;
  }
}
