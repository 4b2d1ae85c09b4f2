/** How a changed file is written on the side that it comes to. */

import { isGitDirectory } from '../files/names.ts';
import { isIgnoredWithin } from './ignore.ts';

/**
 * `replace`: a new file takes the old one's place by a rename, so that nobody ever sees a part of it. `in-place`: the
 * file stays the same one (its inode), for programs that watch a single file and for files that are mounted alone.
 */
export const writeModes = ['replace', 'in-place'] as const;
export type WriteMode = (typeof writeModes)[number];

export interface WriteRule {
  /** In the syntax of .gitignore; begins at the root. */
  readonly pattern: string;
  readonly mode: WriteMode;
}

/**
 * Which mode holds for a path: that of the last rule that matches it; without one, `replace`. What is in `.git` is always
 * replaced: git reads it at any time, and takes it to be whole.
 */
export function compileWriteRules(rules: readonly WriteRule[]): (path: string) => WriteMode {
  const compiled = rules.toReversed().map(({ pattern, mode }) => ({
    mode,
    matches: isIgnoredWithin({ lists: [{ base: '', patterns: pattern }], vcs: false }),
  }));
  const modeOf = (path: string) => compiled.find(({ matches }) => matches(path, false))?.mode ?? 'replace';
  return (path) => (compiled.length === 0 || path.split('/').some(isGitDirectory) ? 'replace' : modeOf(path));
}
