/**
 * Three-way reconciliation: decides from what both sides have now, and from what they last agreed on, what each side
 * takes over. The rules are mutagen's (pkg/synchronization/core/reconcile.go). It uses neither I/O nor a clock.
 */

import { divide } from './divide.ts';
import {
  areAlike,
  childrenOf,
  contains,
  type Directory,
  type Entry,
  isPhantom,
  join,
  type MaybeEntry,
  sameShallow,
  shallow,
  type Tracked,
  trackedPart,
} from './entry.ts';
import { isDeletionOnly, isUnchanged } from './history.ts';
import { isIdentical, withPermissionsOf } from './permissions.ts';
import type { SettledMemo } from './settled-memo.ts';
import { type Edit, splitPath } from './tree.ts';

/** `alpha` is the side that wins in modes with a winner, and the source of a one-way sync. */
export type AlphaBeta = 'alpha' | 'beta';
export const modes = ['two-way-safe', 'two-way-resolved', 'one-way-safe', 'one-way-replica'] as const;
export type Mode = (typeof modes)[number];

/** Whether each side takes over what the other one has changed. */
export const isTwoWay = (mode: Mode): boolean => mode.startsWith('two-way');

/** Why a side takes something over: what the other side has done. */
export type Reason = 'created' | 'changed' | 'deleted' | 'edit beats delete' | 'wins' | 'resolved';

/** At a path, one side gets `new` in place of `old`, each with everything below it. */
export interface Change {
  readonly path: string;
  readonly old: MaybeEntry;
  readonly new: Tracked | undefined;
  readonly reason: Reason;
}

/**
 * `both changed`: each side has changed it in its own way. `in the way`: what would be replaced holds ignored files, or
 * something that cannot be read.
 */
export type ConflictReason = 'both changed' | 'in the way';

export interface Conflict {
  readonly path: string;
  readonly alpha: MaybeEntry;
  readonly beta: MaybeEntry;
  readonly reason: ConflictReason;
}

export interface Plan {
  /** Edits to the ancestor: both sides have the same there already. */
  readonly ancestor: readonly Edit[];
  readonly alpha: readonly Change[];
  readonly beta: readonly Change[];
  readonly conflicts: readonly Conflict[];
  /** Paths that alpha has deleted and beta keeps, because beta made or changed them. They belong to beta from now on. */
  readonly kept: readonly string[];
}

export interface ReconcileOptions {
  readonly mode: Mode;
  /** A person's decision on a conflict at this path. */
  readonly resolution?: (conflict: Conflict) => AlphaBeta | undefined;
  /** Names under which alpha takes nothing over: hooks in a `.git` from a container would run on the workstation. */
  readonly oneWay?: (name: string) => boolean;
  /** Those of them of which a person is asked what only beta has; of the others it stays there. */
  readonly asked?: (name: string) => boolean;
  /** Remembers which directories are in sync, so that the next run looks only at what has changed. */
  readonly memo?: SettledMemo;
}

/** The plan by which both sides become the same, as far as the mode allows. */
export function reconcile(
  ancestor: MaybeEntry,
  alpha: MaybeEntry,
  beta: MaybeEntry,
  options: ReconcileOptions,
): Plan {
  const reconciler = new Reconciler(options);
  reconciler.visit('', ancestor, alpha, beta, options.mode);
  return reconciler.plan;
}

const other = (side: AlphaBeta): AlphaBeta => (side === 'alpha' ? 'beta' : 'alpha');
const isProblem = (entry: Entry) => entry.kind === 'problem';
const isUntracked = (entry: Entry) => entry.kind === 'untracked';

class Reconciler {
  readonly plan = {
    ancestor: [] as Edit[],
    alpha: [] as Change[],
    beta: [] as Change[],
    conflicts: [] as Conflict[],
    kept: [] as string[],
  };
  readonly #options: ReconcileOptions;

  constructor(options: ReconcileOptions) {
    this.#options = options;
  }

  /** Plans what is at a path and below it. Returns whether all of that is in sync already. */
  visit(path: string, ancestor: MaybeEntry, alpha: MaybeEntry, beta: MaybeEntry, mode: Mode): boolean {
    if (alpha?.kind === 'problem' || beta?.kind === 'problem') return false;
    if (alpha?.kind === 'untracked' || beta?.kind === 'untracked')
      return this.#visitUntracked(path, ancestor, alpha, beta);
    if (alpha?.kind === 'directory' && beta?.kind === 'directory')
      return this.#visitDirectories(path, ancestor, alpha, beta, mode);
    const found = { path, ancestor, alpha, beta };
    if (alpha === undefined && beta?.kind === 'directory') return this.#visitOne(found, 'beta', beta, mode);
    if (beta === undefined && alpha?.kind === 'directory') return this.#visitOne(found, 'alpha', alpha, mode);
    if (sameShallow(alpha, beta)) return this.#agree(path, ancestor, alpha, beta);
    // While alpha has nothing new, beta keeps what it caches: git would only compute it there again.
    if (areAlike(alpha, beta) && sameShallow(ancestor, alpha)) return true;
    this.#disagreement(found, mode);
    return false;
  }

  /** Plans a directory that only one side has. */
  #visitOne(found: Disagreement, side: AlphaBeta, entry: Directory, mode: Mode): boolean {
    const { path, ancestor } = found;
    const { oneWay } = this.#options;
    const isDivided =
      ancestor?.kind === 'directory' &&
      mode !== 'one-way-replica' &&
      !(mode === 'one-way-safe' && (side === 'alpha' || oneWay?.(splitPath(path)[1])));
    // A phantom counts as absent. The ancestor may still have something there, which is forgotten then.
    const leaveOut = side === 'beta' && mode !== 'one-way-replica' && !isDivided ? oneWay : undefined;
    if (isPhantom(entry, leaveOut)) return this.#agree(path, ancestor, undefined);
    if (isDivided) this.#divide(path, ancestor, side, entry, mode);
    else this.#disagreement(found, mode);
    return false;
  }

  #divide(path: string, was: Directory, side: AlphaBeta, entry: Directory, mode: Mode): void {
    const { gone, returned, stays, forgotten } = divide(path, was, entry, {
      returns: mode !== 'one-way-safe',
      isWhole: this.#options.oneWay,
      wholeReturns: side === 'alpha',
    });
    for (const { path, old } of gone) this.plan[side].push({ path, old, new: undefined, reason: 'deleted' });
    if (returned) {
      const back = withPermissionsOf(returned, was);
      this.plan[other(side)].push({ path, old: undefined, new: back, reason: 'edit beats delete' });
    }
    if (stays) this.plan.kept.push(path);
    for (const path of forgotten) this.plan.ancestor.push([path, undefined]);
  }

  #visitUntracked(path: string, ancestor: MaybeEntry, alpha: MaybeEntry, beta: MaybeEntry): boolean {
    const tracked = [alpha, beta].filter((entry) => entry !== undefined && entry.kind !== 'untracked');
    // It is ignored on one side only: the rules have just changed, or a device is in the way. It must not be taken for
    // a deletion, because the other side would then lose its files.
    if (tracked.length > 0) {
      this.plan.conflicts.push({ path, alpha, beta, reason: 'in the way' });
      return false;
    }
    return this.#agree(path, ancestor, undefined);
  }

  /** Both sides have this, without children. What one of them does not know of its permissions is what the other one has. */
  #agree(path: string, ancestor: MaybeEntry, one: Tracked | undefined, twin?: MaybeEntry): boolean {
    const agreed = one && withPermissionsOf(one, twin, ancestor);
    if (isIdentical(ancestor, agreed)) return true;
    this.plan.ancestor.push([path, agreed]);
    return false;
  }

  #visitDirectories(
    path: string,
    ancestor: MaybeEntry,
    alpha: Directory,
    beta: Directory,
    mode: Mode,
  ): boolean {
    const { memo, oneWay } = this.#options;
    if (ancestor?.kind === 'directory' && memo?.has(ancestor, alpha, beta)) return true;
    let settled = this.#directoryItself(path, ancestor, alpha, beta, mode);
    const was = childrenOf(ancestor);
    for (const name of union(was, alpha.children, beta.children)) {
      const within = mode !== 'one-way-replica' && oneWay?.(name) ? 'one-way-safe' : mode;
      const child = join(path, name);
      const one = this.visit(child, was.get(name), alpha.children.get(name), beta.children.get(name), within);
      settled &&= one;
    }
    if (settled && ancestor?.kind === 'directory') memo?.add(ancestor, alpha, beta);
    return settled;
  }

  /** Plans two directories without their children: they can differ only in their permissions. */
  #directoryItself(
    path: string,
    ancestor: MaybeEntry,
    alpha: Directory,
    beta: Directory,
    mode: Mode,
  ): boolean {
    if (sameShallow(alpha, beta)) return this.#agree(path, ancestor, shallow(alpha), beta);
    const [old, ours, theirs] = [bare(ancestor), bare(alpha), bare(beta)];
    this.#disagreement({ path, ancestor: old, alpha: ours, beta: theirs }, mode);
    return false;
  }

  #disagreement(found: Disagreement, mode: Mode): void {
    const verdict = verdictOn(found, mode);
    const isAsked = verdict === 'leave' && this.#options.asked?.(splitPath(found.path)[1]);
    if (verdict === 'conflict' || isAsked) this.#conflict(found);
    else if (verdict === 'leave') this.#agreeOnNothing(found);
    else this.#take(verdict.side, found, verdict.reason);
  }

  /** Leaves to the target what it has changed and the source has deleted. */
  #agreeOnNothing({ path, ancestor }: Disagreement): void {
    if (ancestor === undefined) return;
    this.plan.ancestor.push([path, undefined]);
    this.plan.kept.push(path);
  }

  /** Lets a side take over what the other side has, unless ignored or unreadable entries are in the way. */
  #take(side: AlphaBeta, found: Disagreement, reason: Reason): void {
    const [old, incoming] = [found[side], found[other(side)]];
    // A deletion leaves ignored files where they are, but nothing can be put in their place.
    if (contains(old, isProblem) || (incoming !== undefined && contains(old, isUntracked))) {
      this.plan.conflicts.push({
        path: found.path,
        alpha: found.alpha,
        beta: found.beta,
        reason: 'in the way',
      });
      return;
    }
    // A new directory has nothing in common with what the ancestor has at its path.
    if (old === undefined && incoming?.kind === 'directory' && found.ancestor !== undefined)
      this.plan.ancestor.push([found.path, undefined]);
    const leaveOut = side === 'alpha' ? this.#options.oneWay : undefined;
    const wanted = trackedPart(incoming, leaveOut);
    const made = wanted && withPermissionsOf(wanted, found.ancestor, old);
    this.plan[side].push({ path: found.path, old, new: made, reason });
  }

  #conflict(found: Disagreement): void {
    const conflict: Conflict = {
      path: found.path,
      alpha: found.alpha,
      beta: found.beta,
      reason: 'both changed',
    };
    const winner = this.#options.resolution?.(conflict);
    if (winner === undefined) this.plan.conflicts.push(conflict);
    else this.#take(other(winner), found, 'resolved');
  }
}

type Verdict = { readonly side: AlphaBeta; readonly reason: Reason } | 'conflict' | 'leave';
const take = (side: AlphaBeta, reason: Reason): Verdict => ({ side, reason });

function verdictOn(found: Disagreement, mode: Mode): Verdict {
  if (mode === 'one-way-replica') return take('beta', 'wins');
  if (areAlike(found.alpha, found.beta)) return take('beta', reasonFor(found.ancestor, found.alpha));
  return mode === 'one-way-safe' ? oneWaySafe(found) : twoWay(found, mode);
}

function twoWay({ ancestor, alpha, beta }: Disagreement, mode: Mode): Verdict {
  if (isUnchanged(ancestor, alpha)) return take('alpha', reasonFor(ancestor, beta));
  if (isUnchanged(ancestor, beta)) return take('beta', reasonFor(ancestor, alpha));
  const [alphaDeletes, betaDeletes] = [isDeletionOnly(ancestor, alpha), isDeletionOnly(ancestor, beta)];
  // Two deletions can only differ where one of them has deleted everything.
  if (alphaDeletes && betaDeletes) return take(alpha === undefined ? 'beta' : 'alpha', 'deleted');
  if (alphaDeletes) return take('alpha', 'edit beats delete');
  if (betaDeletes) return take('beta', 'edit beats delete');
  return mode === 'two-way-resolved' ? take('beta', 'wins') : 'conflict';
}

function oneWaySafe({ ancestor, alpha, beta }: Disagreement): Verdict {
  const untouched = ancestor !== undefined && isUnchanged(ancestor, beta);
  if (untouched || isDeletionOnly(ancestor, beta)) return take('beta', reasonFor(ancestor, alpha));
  return alpha === undefined ? 'leave' : 'conflict';
}

interface Disagreement {
  readonly path: string;
  readonly ancestor: MaybeEntry;
  readonly alpha: MaybeEntry;
  readonly beta: MaybeEntry;
}

function bare(entry: MaybeEntry): MaybeEntry {
  return entry?.kind === 'directory' ? shallow(entry) : entry;
}

function reasonFor(ancestor: MaybeEntry, incoming: MaybeEntry): Reason {
  if (incoming === undefined) return 'deleted';
  return ancestor === undefined ? 'created' : 'changed';
}

function union(...maps: ReadonlyMap<string, Entry>[]): Iterable<string> {
  const names = new Set<string>();
  for (const map of maps) for (const name of map.keys()) names.add(name);
  return names;
}
