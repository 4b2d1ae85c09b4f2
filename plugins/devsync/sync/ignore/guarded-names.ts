/** Names that mean something on this workstation: what has one of them does not come from a container unasked. */
import { isGitDirectory, plainOn } from '../files/names.ts';

/**
 * What other version control keeps in a directory. Their own configuration there names hooks and programs
 * (`.hg/hgrc`, `.jj/repo/config.toml`, `_darcs/prefs/defaults`, `.pijul/config`), which run with the next command.
 */
const otherVcs = /^(?:\.hg|\.jj|\.sl|\.svn|\.bzr|_darcs|\.pijul|_mtn|\.fslckout|_fossil_)$/;
/** As NTFS shortens those of them that begin with a dot. */
const shortVcs = /^(?:hg|jj|sl|svn|bzr|pijul|fslcko)~\d+$/;

/** Whether version control keeps its own there, git's included, under any of the spellings that a file system takes for it. */
export function isVcsDirectory(name: string): boolean {
  // Unlike the others it is a word, which in other letters is anybody's.
  if (name === 'CVS' || isGitDirectory(name)) return true;
  const plain = plainOn(name);
  return otherVcs.test(plain) || shortVcs.test(plain);
}

/** The file of LOCAL that says what is left out. */
export const ignoreFile = '.devsyncignore';
/** The files in which git looks for that, in every directory. */
export const gitIgnoreFile = '.gitignore';

/**
 * Whether a name decides what this workstation sends, under any of the spellings that a file system takes for it.
 *
 * @param useGitignore git's lists do as well
 */
export function isRuleFile(name: string, useGitignore: boolean): boolean {
  const plain = plainOn(name);
  if (plain === ignoreFile || /^devsyn~\d+$/.test(plain)) return true;
  return useGitignore && (plain === gitIgnoreFile || /^gitign~\d+$/.test(plain));
}
