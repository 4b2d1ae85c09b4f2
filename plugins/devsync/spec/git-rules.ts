/** What git ignores in a directory: in the repository that it lies in, and in those below it. */
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
} from '../sync/ignore.ts';
import { findRepository, type GitRepository, readText, repositoryAt, stampOf } from './git-repository.ts';

const listFile = '.gitignore';
/** What a list says in a directory that is ignored as a whole. */
const everything = [{ base: '', patterns: '*' }];

export interface GitRules {
  readonly repositories: readonly Repository[];
  /** Lists outside of the tree, which is all that is watched: by path, a stamp of the version that was read. */
  readonly sources: ReadonlyMap<string, string>;
  /**
   * Whether git tracks other paths, of those that matter, than when this was last asked or read. The index changes with
   * every command of git's, so the tree is not walked for it.
   */
  tracksOthers(): boolean;
}

/**
 * Reads what git would read. A directory that lies in no repository counts as one.
 *
 * @param byHand lists that overrule git's: a directory that one of them wants is looked into.
 */
export function readGitRules(root: string, byHand: readonly IgnoreList[]): GitRules {
  const reader = new Reader(root, byHand);
  reader.read('', findRepository(root));
  return reader;
}

/** A repository with the lists that were found so far. */
interface Draft {
  readonly base: string;
  readonly lists: IgnoreList[];
  readonly foldsCase: boolean;
}

class Reader implements GitRules {
  readonly repositories: Repository[] = [];
  readonly sources = new Map<string, string>();
  /** What was read with an index, and the index as it was. */
  readonly #indexed: { draft: Draft; git: GitRepository; stamp: string; tracked: string[] }[] = [];
  readonly #root: string;
  readonly #byHand: readonly IgnoreList[];
  /** The last rules that were compiled: most directories have no list of their own. */
  #compiled: { base: string; lists: readonly IgnoreList[]; isIgnored: IsIgnored } | undefined;

  constructor(root: string, byHand: readonly IgnoreList[]) {
    this.#root = root;
    this.#byHand = byHand;
  }

  /** @param base where it begins, from the root; `''`: there, or above. */
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
    // Two sides of which nothing is looked at would be called the same.
    if (isOut && tracked.length === 0) throw nothingToSync(this.#root);
    this.repositories.push({ base, lists, tracked });
    // The walk did not come to a submodule in an ignored directory.
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

  /** The lists of the whole repository, and those of the directories between its top and the root. */
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

  /** @param above lists that hold in the directory, its own not among them. */
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

  /** What git tracks though its lists ignore it. */
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

/** The directories from one down to another one in it, which is not among them. */
function foldersFrom(top: string, below: string): string[] {
  if (top === below) return [];
  const parent = dirname(below);
  return [...foldersFrom(top, parent), parent];
}

/** Whether git ignores the root: then nothing in it is git's business. */
function isIgnoredItself(root: string, top: string, lists: readonly IgnoreList[]): boolean {
  const path = slashed(relative(top, root));
  if (path === '') return false;
  // As they are seen from the top.
  const seen = lists.map(({ within = '', ...list }) => ({
    ...list,
    base: path.slice(0, -within.length - 1),
  }));
  const repositories = [{ base: '', lists: seen, tracked: [] }];
  return isIgnoredWithin({ lists: [], repositories, vcs: false })(path, true);
}

/** Git does not follow a link here. */
function readList(folder: string): string | undefined {
  const path = join(folder, listFile);
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ? readText(path) : undefined;
}

/** A directory that cannot be read has no rules; the scan tells what is wrong with it. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
