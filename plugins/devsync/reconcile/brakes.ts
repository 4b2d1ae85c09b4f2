/** Brakes: plans that look like an accident are not carried out before a person has said so. */
import { childrenOf, type Entry, isPhantom, type Maybe, measure, walk } from './entry.ts';
import type { Plan, Side } from './reconcile.ts';

export type Brake =
  /** The root is gone on this side, or is no directory any more, or nothing is left in it. */
  | { readonly kind: 'root vanished' | 'root changed its type' | 'root emptied'; readonly side: Side }
  /** So many of the files that this side has would go at once. */
  | { readonly kind: 'mass deletion'; readonly side: Side; readonly files: number; readonly of: number }
  /** What would be overwritten or deleted does not fit into the trash. */
  | { readonly kind: 'trash too small'; readonly side: Side; readonly bytes: number; readonly limit: number };

/** Fewer files than this may go at once without a question. */
export const fewFiles = 10;

/** Every reason to stop and ask, the gravest first. Those that were confirmed are for the caller to let pass. */
export function* brakesFor(
  ancestor: Maybe,
  alpha: Maybe,
  beta: Maybe,
  plan: Plan,
  trashLimits: Readonly<Record<Side, number>>,
): Generator<Brake, void> {
  const trees = { alpha, beta };
  for (const side of ['alpha', 'beta'] as const) {
    const root = rootBrake(ancestor, trees[side], side);
    if (root) yield root;
  }
  for (const side of ['alpha', 'beta'] as const) {
    const { files, of } = filesLost(trees[side], plan, side);
    if (files >= fewFiles && files * 2 > of) yield { kind: 'mass deletion', side, files, of };
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
  if (brake.kind === 'mass deletion') return brake.files;
  return brake.kind === 'trash too small' ? brake.bytes : 0;
}

function rootBrake(ancestor: Maybe, root: Maybe, side: Side): Brake | undefined {
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

/** Files whose content a side would lose: one that comes back under another name is not lost. */
function filesLost(tree: Maybe, plan: Plan, side: Side): { files: number; of: number } {
  const going = new Map<string, number>();
  for (const change of plan[side]) {
    // A file that is changed is no loss, however often.
    if (change.new !== undefined && change.old?.kind !== 'directory') continue;
    for (const [, entry] of walk(change.old))
      if (entry.kind === 'file') going.set(entry.digest, (going.get(entry.digest) ?? 0) + 1);
  }
  if (going.size === 0) return { files: 0, of: 0 };
  for (const change of plan[side])
    for (const [, entry] of walk(change.new))
      if (entry.kind === 'file' && going.has(entry.digest))
        going.set(entry.digest, (going.get(entry.digest) ?? 0) - 1);
  let files = 0;
  for (const count of going.values()) files += Math.max(0, count);
  return { files, of: measure(tree).files };
}

/** Bytes that go into a side's trash. */
function bytesDiscarded(plan: Plan, side: Side): number {
  let bytes = 0;
  for (const { old, new: to } of plan[side]) {
    const isKept = old?.kind === 'file' && to?.kind === 'file' && old.digest === to.digest;
    // Directories on both sides differ in their permissions only.
    if (!isKept && !(old?.kind === 'directory' && to?.kind === 'directory')) bytes += measure(old).bytes;
  }
  return bytes;
}

/** A sentence for a person; the names say where: `in the container`, `on this workstation`. */
export function explainBrake(brake: Brake, names: Readonly<Record<Side, string>>): string {
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
