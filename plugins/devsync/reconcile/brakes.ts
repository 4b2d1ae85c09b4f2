/** Brakes find plans that look like an accident, such as a missing mount. These wait until a person confirms them. */
import {
  childrenOf,
  contains,
  type Entry,
  isPhantom,
  type MaybeEntry,
  measure,
  otherMountProblem,
} from './entry.ts';
import { filesGone, takesFiles } from './losses.ts';
import type { AlphaBeta, Change, Plan } from './reconcile.ts';

export type Brake =
  /** The root does not exist on this side, is no directory any more, or is empty. */
  | { readonly kind: 'root vanished' | 'root changed its type' | 'root emptied'; readonly side: AlphaBeta }
  /** Another directory is in the root's place by a mount. No confirmation takes that one for it. */
  | { readonly kind: 'other mount'; readonly side: AlphaBeta }
  /**
   * `files` of the `of` files that this side has, or had a few seconds ago, would be deleted. `now` of them are not
   * deleted yet.
   */
  | {
      readonly kind: 'mass deletion';
      readonly side: AlphaBeta;
      readonly files: number;
      readonly of: number;
      readonly now: number;
    }
  /** The trash has no room for everything that would be overwritten or deleted. */
  | {
      readonly kind: 'trash too small';
      readonly side: AlphaBeta;
      readonly bytes: number;
      readonly limit: number;
    };

/** A deletion of fewer files is never held: people delete a few files all the time. */
export const fewFiles = 10;

/**
 * Yields every brake that holds a plan, the gravest first. The caller skips those that a person has confirmed.
 *
 * @param trashLimits bytes that each side's trash may hold
 * @param recent changes that each side received within the last seconds
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
    const other = side === 'alpha' ? beta : alpha;
    const root = rootBrake(ancestor, trees[side], other, side);
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

/** Whether a person's confirmation of one brake covers another one: it is the same accident, and no larger. */
export function isCovered(brake: Brake, confirmed: Brake): boolean {
  // A missing root on one side deletes everything on the other side. That is one accident.
  if (brake.kind === 'mass deletion' && confirmed.kind.startsWith('root ') && confirmed.side !== brake.side)
    return true;
  if (!isConfirmable(brake)) return false;
  return (
    brake.kind === confirmed.kind && brake.side === confirmed.side && amountOf(brake) <= amountOf(confirmed)
  );
}

/** Whether a person can let happen what it stops. */
export const isConfirmable = ({ kind }: Brake): boolean => kind !== 'other mount';

/** How much is at stake, in the brake's own unit. */
function amountOf(brake: Brake): number {
  if (brake.kind === 'mass deletion') return brake.now;
  return brake.kind === 'trash too small' ? brake.bytes : 0;
}

function rootBrake(
  ancestor: MaybeEntry,
  root: MaybeEntry,
  other: MaybeEntry,
  side: AlphaBeta,
): Brake | undefined {
  if (root?.kind === 'problem' && root.problem === otherMountProblem) return { kind: 'other mount', side };
  // Nothing is known of a root that cannot be read, so no plan changes it.
  if (ancestor === undefined || root?.kind === 'problem') return undefined;
  if (root === undefined) return { kind: 'root vanished', side };
  if (root.kind !== ancestor.kind) return { kind: 'root changed its type', side };
  // How little the ancestor knows says nothing of how much went: of a new container it knows only what came with the image.
  const isEmptied = isEmpty(root) && contains(ancestor, isFileOrLink) && !isEmpty(other);
  return isEmptied ? { kind: 'root emptied', side } : undefined;
}

/** Ignored entries do not count: our own metadata folder stays even in an emptied root. */
const isEmpty = (root: MaybeEntry) => [...childrenOf(root).values()].every(isNotSynced);

const isFileOrLink = ({ kind }: Entry) => kind === 'file' || kind === 'symlink';

const isNotSynced = (entry: Entry) => entry.kind === 'untracked' || isPhantom(entry);

/** Holds a side that would lose most of its files, either now or together with those that it lost within seconds. */
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

/** Bytes that a plan moves into a side's trash. */
function bytesDiscarded(plan: Plan, side: AlphaBeta): number {
  let bytes = 0;
  for (const { old, new: to } of plan[side]) {
    const isKept = old?.kind === 'file' && to?.kind === 'file' && old.digest === to.digest;
    // A directory that replaces a directory changes only its permissions.
    if (!isKept && !(old?.kind === 'directory' && to?.kind === 'directory')) bytes += measure(old).bytes;
  }
  return bytes;
}

/** Describes a brake for a person. The names say where: `in the container`, `on this workstation`. */
export function explainBrake(brake: Brake, names: Readonly<Record<AlphaBeta, string>>): string {
  const where = names[brake.side];
  switch (brake.kind) {
    case 'other mount':
      return `another directory is in its place ${where}, as something was mounted or unmounted there`;
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
