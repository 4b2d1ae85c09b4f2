/** Which paths are left alone on both sides. */

import { isConfigFile, isOurOwn } from '../files/names.ts';
import { isVcsDirectory } from './guarded-names.ts';
import { compileList, type IgnoreList, type Subject, type Verdict } from './ignore-list.ts';

export type { IgnoreList } from './ignore-list.ts';

/** What git says in one repository: the one that the root lies in, and others below it. */
export interface Repository {
  /** Where it begins, relative to the root of the tree; `''`: there, or above. */
  readonly base: string;
  /** In the order of their say: what comes later overrules what came before. */
  readonly lists: readonly IgnoreList[];
  /** Paths from the root that git tracks though a list ignores them; a submodule's ends with a slash. */
  readonly tracked: readonly string[];
}

export interface IgnoreRules {
  /** By hand: these overrule what git says. In the order of their say, the last one last. */
  readonly lists: readonly IgnoreList[];
  /** Absent where git is not asked. */
  readonly repositories?: readonly Repository[];
  /** Leave out `.git` and the like. */
  readonly vcs: boolean;
}

export type IsIgnored = (path: string, isDirectory: boolean) => boolean;

/** A function that tells whether a path is ignored. Its parents are taken to have been asked before. */
export function compileIgnores({ lists, repositories = [], vcs }: IgnoreRules): IsIgnored {
  const byHand = lastWordOf(compileAll(lists).reverse());
  const byGit = compileRepositories(repositories, byHand);
  return (path, isDirectory) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (isOurOwn(name) || isConfigFile(name)) return true;
    if (vcs && isVcsDirectory(name)) return true;
    const subject = { path, name, isDirectory };
    return byHand(subject) ?? byGit(subject);
  };
}

/** As `compileIgnores`, but asks about the parents as well: what lies in an ignored directory is ignored. */
export function isIgnoredWithin(rules: IgnoreRules): IsIgnored {
  const isIgnored = compileIgnores(rules);
  const folders = new Map<string, boolean>([['', false]]);
  const isFolderIgnored = (path: string): boolean => {
    let known = folders.get(path);
    if (known === undefined) {
      known = isFolderIgnored(parentOf(path)) || isIgnored(path, true);
      folders.set(path, known);
    }
    return known;
  };
  return (path, isDirectory) => isFolderIgnored(parentOf(path)) || isIgnored(path, isDirectory);
}

const compileAll = (lists: readonly IgnoreList[]): Verdict[] =>
  lists.map(compileList).filter((one) => one !== undefined);

/** @param verdicts the one with the most say first. */
const lastWordOf =
  (verdicts: readonly Verdict[]): Verdict =>
  (subject) => {
    for (const verdict of verdicts) {
      const said = verdict(subject);
      if (said !== undefined) return said;
    }
    return undefined;
  };

type IsIgnoredByGit = (subject: Subject) => boolean;
const nothing: IsIgnoredByGit = () => false;

/** The innermost repository decides; the files of git's own directory are no business of its lists. */
function compileRepositories(repositories: readonly Repository[], byHand: Verdict): IsIgnoredByGit {
  const innermostFirst = [...repositories].sort((one, other) => other.base.length - one.base.length);
  const compiled = innermostFirst.map((one) => ({ base: one.base, rulesIn: compileRepository(one, byHand) }));
  if (compiled.length === 0) return nothing;
  // Paths of one directory are asked about in a row.
  let last: string | undefined;
  let here = nothing;
  return (subject) => {
    if (subject.name === '.git') return false;
    const parent = parentOf(subject.path);
    if (parent !== last) {
      const repository = compiled.find(({ base }) => isWithin(parent, base));
      here = repository === undefined || isInGit(parent) ? nothing : repository.rulesIn(parent);
      last = parent;
    }
    return here(subject);
  };
}

const parentOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const isWithin = (path: string, base: string) => base === '' || path === base || path.startsWith(`${base}/`);
const isInGit = (folder: string) => folder.includes('.git') && `/${folder}/`.includes('/.git/');

/** What holds for all that is directly in a directory. */
function compileRepository({ base, lists, tracked }: Repository, byHand: Verdict) {
  const verdicts = new Map<string, Verdict[]>();
  for (const list of lists) {
    const verdict = compileList(list);
    if (verdict === undefined) continue;
    const others = verdicts.get(list.base);
    if (others) others.unshift(verdict);
    else verdicts.set(list.base, [verdict]);
  }
  const wordsIn = chainsOf(verdicts, base);
  const exceptions = exceptionsOf(tracked, base, (subject, isAbove) => {
    return byHand(subject) ?? (isAbove || wordsIn(parentOf(subject.path))(subject) === true);
  });
  return (folder: string): IsIgnoredByGit => {
    const words = wordsIn(folder);
    if (tracked.length === 0) return (subject) => words(subject) === true;
    const isEntered = exceptions.entered.has(folder);
    return (subject) => !exceptions.keeps(subject) && (isEntered || words(subject) === true);
  };
}

/** What all lists from a directory up to the base say together: there are as many chains as directories with lists. */
function chainsOf(verdicts: ReadonlyMap<string, readonly Verdict[]>, base: string) {
  const chains = new Map<string, Verdict>();
  const isAlone = [...verdicts.keys()].every((at) => at === base);
  const nearest = (folder: string): string => {
    let at = isAlone ? base : folder;
    while (at !== base && !verdicts.has(at)) at = parentOf(at);
    return at;
  };
  const chainAt = (folder: string): readonly Verdict[] => {
    const own = verdicts.get(folder) ?? [];
    return folder === base ? own : [...own, ...chainAt(nearest(parentOf(folder)))];
  };
  return (folder: string): Verdict => {
    const at = nearest(folder);
    const known = chains.get(at) ?? lastWordOf(chainAt(at));
    chains.set(at, known);
    return known;
  };
}

/**
 * Git does not leave out what it tracks. A directory that is ignored and holds such a path is entered for its sake, and
 * all else in it is as ignored as it was.
 */
function exceptionsOf(
  tracked: readonly string[],
  base: string,
  isIgnored: (subject: Subject, isAbove: boolean) => boolean,
) {
  const [files, folders, entered] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const path of tracked) {
    const isFolder = path.endsWith('/');
    const plain = isFolder ? path.slice(0, -1) : path;
    (isFolder ? folders : files).add(plain);
    for (let at = parentOf(plain); at !== base && !folders.has(at); at = parentOf(at)) folders.add(at);
  }
  // From above: what lies in a directory that was entered is ignored as well.
  for (const folder of [...folders].sort((one, other) => one.length - other.length)) {
    const subject = { path: folder, name: folder.slice(folder.lastIndexOf('/') + 1), isDirectory: true };
    if (isIgnored(subject, entered.has(parentOf(folder)))) entered.add(folder);
  }
  const keeps = ({ path, isDirectory }: Subject) => (isDirectory ? folders : files).has(path);
  return { entered, keeps };
}
