/** Finds out what git ignores in a directory: by the repository that it is in, and by those below it. */
import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { RefusedError } from '../../../src/errors.ts';
import {
  compileIgnores,
  type IgnoreList,
  type IsIgnored,
  isIgnoredWithin,
  type Repository,
} from '../sync/ignore/ignore.ts';
import { findRepository, type GitRepository, readText, repositoryAt, stampOf } from './git-repository.ts';

const listFile = '.gitignore';
/** The list of a directory that is ignored as a whole. */
const everything = [{ base: '', patterns: '*' }];

export interface GitRules {
  readonly repositories: readonly Repository[];
  /** Lists outside of the tree, which nobody watches: by path, a stamp of the version that was read. */
  readonly sources: ReadonlyMap<string, string>;
  /**
   * Whether git tracks other paths than when this was last asked, of those that its lists ignore. The index changes with
   * almost every git command, so this reads the index only and does not walk the tree.
   */
  tracksOthers(): boolean;
}

/**
 * Reads the lists that git would read. A directory outside of any repository counts as a repository.
 *
 * @param byHand lists that overrule git's. A directory that one of them includes is read even if git ignores it.
 */
export function readGitRules(root: string, byHand: readonly IgnoreList[]): GitRules {
  const reader = new Reader(root, byHand);
  reader.read('', findRepository(root));
  return reader;
}

/** A repository that is being read, with the lists found so far. */
interface Draft {
  readonly base: string;
  readonly lists: IgnoreList[];
  readonly foldsCase: boolean;
}

class Reader implements GitRules {
  readonly repositories: Repository[] = [];
  readonly sources = new Map<string, string>();
  /** The repositories with an index, and what was read of it. */
  readonly #indexed: { draft: Draft; git: GitRepository; stamp: string; tracked: string[] }[] = [];
  readonly #root: string;
  readonly #byHand: readonly IgnoreList[];
  /** The rules that were compiled last. Most directories have no list of their own, and share those of their parent. */
  #compiled: { base: string; lists: readonly IgnoreList[]; isIgnored: IsIgnored } | undefined;

  constructor(root: string, byHand: readonly IgnoreList[]) {
    this.#root = root;
    this.#byHand = byHand;
  }

  /** Reads one repository. @param base its path from the root; empty where it begins at the root or above */
  read(base: string, git: GitRepository | undefined): void {
    const draft: Draft = { base, lists: [], foldsCase: git?.ignoresCase === true };
    if (git !== undefined) this.#readAbove(draft, git);
    const isOut = base === '' && git !== undefined && isIgnoredItself(this.#root, git.top, draft.lists);
    if (isOut) draft.lists.splice(0, draft.lists.length, ...everything);
    else this.#walk(draft, base, draft.lists);
    const { lists } = draft;
    const stamp = git === undefined ? '' : stampOf(git.indexFile);
    const tracked = git === undefined ? [] : this.#exceptions(draft, git);
    if (git !== undefined) this.#indexed.push({ draft, git, stamp, tracked });
    // Otherwise two sides would be called the same although nothing of them is ever looked at.
    if (isOut && tracked.length === 0) throw nothingToSync(this.#root);
    this.repositories.push({ base, lists, tracked });
    // Submodules in ignored directories are tracked, but the walk does not enter those directories.
    for (const path of tracked.filter((one) => one.endsWith('/'))) {
      const inner = repositoryAt(join(this.#root, path));
      if (inner) this.read(path.slice(0, -1), inner);
    }
  }

  tracksOthers(): boolean {
    let areOthers = false;
    for (const one of this.#indexed) {
      const stamp = stampOf(one.git.indexFile);
      if (stamp === one.stamp) continue;
      const tracked = this.#exceptions(one.draft, one.git);
      areOthers ||= !isDeepStrictEqual(tracked, one.tracked);
      Object.assign(one, { stamp, tracked });
    }
    return areOthers;
  }

  /** Reads the lists of the whole repository, and those of the directories between its top and the root. */
  #readAbove(draft: Draft, git: GitRepository): void {
    for (const file of git.excludeFiles) {
      this.#watch(file);
      this.#add(draft, git.top, readText(file));
    }
    if (draft.base !== '') return;
    for (const folder of foldersFrom(git.top, this.#root)) {
      this.#watch(join(folder, listFile));
      this.#add(draft, folder, readList(folder));
    }
  }

  /** Reads the lists in a directory and below it. @param above the lists that hold there, without its own */
  #walk(draft: Draft, folder: string, above: readonly IgnoreList[]): void {
    const entries = entriesOf(join(this.#root, folder));
    const text = entries.some(({ name }) => name === listFile)
      ? readList(join(this.#root, folder))
      : undefined;
    const own = this.#add(draft, join(this.#root, folder), text);
    const lists = own === undefined ? above : [...above, own];
    const isIgnored = this.#compile(draft.base, lists);
    for (const { name } of entries.filter((entry) => entry.isDirectory())) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (isIgnored(path, true)) continue;
      const inner = repositoryAt(join(this.#root, path));
      if (inner) this.read(path, inner);
      else this.#walk(draft, path, lists);
    }
  }

  #compile(base: string, lists: readonly IgnoreList[]): IsIgnored {
    const known = this.#compiled;
    if (known?.base === base && known.lists === lists) return known.isIgnored;
    const repositories = [{ base, lists, tracked: [] }];
    const isIgnored = compileIgnores({ lists: this.#byHand, repositories, vcs: true });
    this.#compiled = { base, lists, isIgnored };
    return isIgnored;
  }

  #add({ lists, foldsCase }: Draft, folder: string, patterns: string | undefined): IgnoreList | undefined {
    if (patterns === undefined) return undefined;
    const base = slashed(relative(this.#root, folder));
    const isAbove = base === '..' || base.startsWith('../');
    const place = isAbove ? { base: '', within: slashed(relative(folder, this.#root)) } : { base };
    const list = { ...place, patterns, ...(foldsCase && { foldsCase }) };
    lists.push(list);
    return list;
  }

  /** Paths that git tracks although its lists ignore them. */
  #exceptions({ base, lists }: Draft, git: GitRepository): string[] {
    const isIgnored = isIgnoredWithin({
      lists: [],
      repositories: [{ base, lists, tracked: [] }],
      vcs: false,
    });
    const above = base === '' ? slashed(relative(git.top, this.#root)) : '';
    const skipped = above === '' ? '' : `${above}/`;
    const before = base === '' ? '' : `${base}/`;
    return git
      .tracked()
      .filter((path) => path.startsWith(skipped) && path !== skipped)
      .map((path) => before + path.slice(skipped.length))
      .filter((path) => isIgnored(path.replace(/\/$/, ''), path.endsWith('/')));
  }

  #watch(path: string): void {
    this.sources.set(path, stampOf(path));
  }
}

const nothingToSync = (root: string) =>
  new RefusedError(`git ignores ${root} itself: as git has it, nothing in it would be synced`, {
    hint: 'Make the sync without --use-gitignore.',
  });

const slashed = (path: string) => path.split(sep).join('/');

/** The directories from `top` down to the one above `below`. */
function foldersFrom(top: string, below: string): string[] {
  if (top === below) return [];
  const parent = dirname(below);
  return [...foldersFrom(top, parent), parent];
}

/** Whether git ignores the root itself, and so everything in it that it does not track. */
function isIgnoredItself(root: string, top: string, lists: readonly IgnoreList[]): boolean {
  const path = slashed(relative(top, root));
  if (path === '') return false;
  // The lists are written as seen from the root, and are needed as seen from the top.
  const seen = lists.map(({ within = '', ...list }) => ({
    ...list,
    base: path.slice(0, -within.length - 1),
  }));
  const repositories = [{ base: '', lists: seen, tracked: [] }];
  return isIgnoredWithin({ lists: [], repositories, vcs: false })(path, true);
}

/** The text of a directory's list; undefined where there is none. A link counts as none, as for git. */
function readList(folder: string): string | undefined {
  const path = join(folder, listFile);
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ? readText(path) : undefined;
}

/** The entries of a directory. One that cannot be read has none here; the scan reports it. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
