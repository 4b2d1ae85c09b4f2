/** Which paths are left alone on both sides: patterns in the syntax of `.gitignore`. */
import ignore, { type Ignore } from 'ignore';
import { isGitDirectory, privateFolder } from './names.ts';

/** Patterns that hold below a directory of the tree (`''`: below the root). */
export interface IgnoreList {
  readonly base: string;
  readonly patterns: string;
}

export interface IgnoreRules {
  /** In the order of their say: what comes later overrules what came before. */
  readonly lists: readonly IgnoreList[];
  /** Leave out `.git` and the like. */
  readonly vcs: boolean;
}

export type IsIgnored = (path: string, isDirectory: boolean) => boolean;

const otherVcs = new Set(['.hg', '.svn', '.bzr', '_darcs', 'CVS']);

/** A function that tells whether a path is ignored. Its parents are taken to have been asked before. */
export function compileIgnores({ lists, vcs }: IgnoreRules): IsIgnored {
  const compiled = lists
    .filter(({ patterns }) => /^[^#\s]/m.test(patterns))
    .map(({ base, patterns }) => ({ prefix: base === '' ? '' : `${base}/`, rules: ignore().add(patterns) }));
  return (path, isDirectory) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (path === privateFolder) return true;
    if (vcs && (isGitDirectory(name) || otherVcs.has(name))) return true;
    return saysIgnored(compiled, path, isDirectory);
  };
}

function saysIgnored(
  lists: readonly { prefix: string; rules: Ignore }[],
  path: string,
  isDirectory: boolean,
): boolean {
  let ignored = false;
  for (const { prefix, rules } of lists) {
    if (!path.startsWith(prefix) || path.length === prefix.length) continue;
    // The library wants its paths relative and plain; a name that looks like `../x` cannot be ours.
    const relative = path.slice(prefix.length) + (isDirectory ? '/' : '');
    if (!ignore.isPathValid(relative)) continue;
    const verdict = rules.test(relative);
    if (verdict.ignored) ignored = true;
    else if (verdict.unignored) ignored = false;
  }
  return ignored;
}
