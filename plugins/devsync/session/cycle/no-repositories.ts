/**
 * Nothing from the container makes a directory of this workstation one that git takes for a repository, nor changes what
 * git obeys in one: a `git status` there would run the container's commands. Such a directory needs no `.git`: that its
 * `HEAD`, `objects` and `refs` are there is enough. Pure.
 */
import {
  childrenOf,
  type Directory,
  type Entry,
  isPhantom,
  join,
  type MaybeEntry,
  type Tracked,
  untracked,
} from '../../reconcile/entry.ts';
import type { Change } from '../../reconcile/reconcile.ts';
import { lookup, splitPath } from '../../reconcile/tree.ts';
import {
  completesRepository,
  type GitPart,
  gitPart,
  gitPartsIn,
  isGitOwn,
  isRepository,
} from '../../sync/files/names.ts';

/** What does not come, and why. */
export interface LeftOut {
  readonly path: string;
  readonly why: string;
}

const isRepositoryHere = 'git takes the directory for a repository here and runs what is in it';

/** @param local what this workstation has. @returns the changes of it that may be made, and what of them may not. */
export function withoutRepositories(
  changes: readonly Change[],
  local: MaybeEntry,
): { readonly admitted: readonly Change[]; readonly leftOut: readonly LeftOut[] } {
  const filter = new Filter(changes, local);
  const admitted = changes.map((change) => filter.admit(change)).filter((one) => one !== undefined);
  // In an order that does not change with what else is planned.
  const leftOut = filter.leftOut.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { admitted, leftOut };
}

const partsOf = new WeakMap<Directory, ReadonlySet<GitPart>>();

/** The parts of a repository that are in a directory, in whatever form; remembered for each directory object. */
function partsIn(entry: MaybeEntry): ReadonlySet<GitPart> {
  if (entry?.kind !== 'directory') return new Set();
  const parts = partsOf.get(entry) ?? gitPartsIn(entry.children.keys());
  partsOf.set(entry, parts);
  return parts;
}

class Filter {
  readonly leftOut: LeftOut[] = [];
  readonly #local: MaybeEntry;
  /** Parts that are to come, by their directory. */
  readonly #arriving = new Map<string, Set<GitPart>>();

  constructor(changes: readonly Change[], local: MaybeEntry) {
    this.#local = local;
    for (const { path, new: to } of changes) if (to !== undefined) this.#expect(...splitPath(path), to);
  }

  #expect(directory: string, name: string, entry: Entry): void {
    const part = gitPart(name);
    if (part !== undefined) {
      const parts = this.#arriving.get(directory) ?? new Set();
      this.#arriving.set(directory, parts.add(part));
    }
    const path = join(directory, name);
    for (const [below, child] of childrenOf(entry)) this.#expect(path, below, child);
  }

  admit(change: Change): Change | undefined {
    const { path, old, new: to, reason } = change;
    // Who decides a conflict in a repository for the container has asked for just that.
    if (reason !== 'resolved') {
      if (this.#isInRepository(path)) return this.#leaveOut(path, isRepositoryHere);
      const rest = to?.kind === 'directory' ? old : this.#deletable(path, old);
      if (rest !== old) return to === undefined && !isPhantom(rest) ? { ...change, old: rest } : undefined;
    }
    if (to === undefined) return change;
    const admitted = path === '' ? this.#admissibleIn(path, to) : this.#admissible(...splitPath(path), to);
    return admitted === undefined ? undefined : { ...change, new: admitted };
  }

  #leaveOut(path: string, why: string): undefined {
    this.leftOut.push({ path, why });
  }

  /** Whether a path belongs to what git keeps in a directory here. */
  #isInRepository(path: string): boolean {
    let entry = this.#local;
    for (const name of path.split('/')) {
      if (isRepository(partsIn(entry)) && isGitOwn(name)) return true;
      entry = childrenOf(entry).get(name);
    }
    return false;
  }

  /** What may be deleted of an entry: repositories in it are not. It is the same object where all of it may. */
  #deletable(path: string, entry: MaybeEntry): MaybeEntry {
    if (entry?.kind !== 'directory') return entry;
    const isOne = isRepository(partsIn(entry));
    if (isOne) this.#leaveOut(path, isRepositoryHere);
    const children = new Map<string, Entry>();
    let isWhole = !isOne;
    for (const [name, child] of entry.children) {
      const rest = isOne && isGitOwn(name) ? untracked : (this.#deletable(join(path, name), child) ?? child);
      if (rest !== child) isWhole = false;
      children.set(name, rest);
    }
    return isWhole ? entry : { ...entry, children };
  }

  #admissible(directory: string, name: string, entry: Tracked): Tracked | undefined {
    const path = join(directory, name);
    if (this.#isBlocked(directory, gitPart(name))) return this.#leaveOut(path, completesRepository);
    return this.#admissibleIn(path, entry);
  }

  #admissibleIn(path: string, entry: Tracked): Tracked {
    if (entry.kind !== 'directory') return entry;
    let isWhole = true;
    const children = new Map<string, Entry>();
    for (const [name, child] of entry.children) {
      const part = this.#admissible(path, name, child as Tracked);
      if (part !== undefined) children.set(name, part);
      if (part !== child) isWhole = false;
    }
    return isWhole ? entry : { ...entry, children };
  }

  /** Of the names that are not here yet, the first that is needed is left out: that is `HEAD`, as a rule. */
  #isBlocked(directory: string, part: GitPart | undefined): boolean {
    if (part === undefined) return false;
    const here = partsIn(lookup(this.#local, directory));
    const all = new Set([...here, ...(this.#arriving.get(directory) ?? [])]);
    if (here.has(part) || !isRepository(all)) return false;
    if (part === 'head' || part === 'commondir') return part === 'head' || here.has('head');
    const isComplete = all.has('objects') && all.has('refs');
    return here.has('head') && isComplete && (part === 'objects' || here.has('objects'));
  }
}
