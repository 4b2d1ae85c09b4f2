/** Patterns that files in the local directory bring: `.devsyncignore`, and `.gitignore` where asked for. */
import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { findGitDirectory } from '../sync/git.ts';
import { compileIgnores, type IgnoreList } from '../sync/ignore.ts';

export const ignoreFile = '.devsyncignore';

/** Whether a change of this path may change the rules. */
function isIgnoreFile(path: string, useGitignore: boolean): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return path === ignoreFile || (useGitignore && name === '.gitignore');
}

/** The lists of a directory, those with the last word last. */
export function readIgnoreFiles(root: string, useGitignore: boolean): IgnoreList[] {
  const git = useGitignore ? [...fromAbove(root), ...fromBelow(root, '', [])] : [];
  const own = readText(join(root, ignoreFile));
  return own === undefined ? git : [...git, { base: '', patterns: own }];
}

/** Whether the rules are others than they were, now that these paths have changed. */
export function areOthers(
  was: readonly IgnoreList[],
  paths: Iterable<string>,
  root: string,
  useGitignore: boolean,
): boolean {
  for (const path of paths)
    if (isIgnoreFile(path, useGitignore)) return !isDeepStrictEqual(was, readIgnoreFiles(root, useGitignore));
  return false;
}

/** Of a repository that the directory is only a part of: what its upper directories say of it. */
function fromAbove(root: string): IgnoreList[] {
  const git = findGitDirectory(root);
  if (git === undefined) return [];
  const lists: IgnoreList[] = [];
  const exclude = readText(join(git, 'info', 'exclude'));
  if (exclude !== undefined) lists.push({ base: '', patterns: exclude });
  const outer: IgnoreList[] = [];
  for (let folder = root; !existsSync(join(folder, '.git')) && dirname(folder) !== folder; ) {
    folder = dirname(folder);
    const text = readText(join(folder, '.gitignore'));
    if (text !== undefined) outer.unshift({ base: '', patterns: seenFrom(relative(folder, root), text) });
  }
  return [...lists, ...outer];
}

/** Patterns of an upper directory as the lower one has to write them; those about other places are left out. */
function seenFrom(below: string, text: string): string {
  const prefix = `${below.split(sep).join('/')}/`;
  const lines = text.split(/\r?\n/).flatMap((line) => {
    const [, not = '', pattern = ''] = /^(!?)(.*)$/.exec(line) ?? [];
    const isAnchored = pattern.replace(/\/\s*$/, '').includes('/');
    if (!isAnchored) return [line];
    const plain = pattern.replace(/^\//, '');
    return plain.startsWith(prefix) ? [`${not}/${plain.slice(prefix.length)}`] : [];
  });
  return lines.join('\n');
}

function* fromBelow(root: string, base: string, above: readonly IgnoreList[]): Generator<IgnoreList> {
  const text = readText(join(root, base, '.gitignore'));
  const own = text === undefined ? [] : [{ base, patterns: text }];
  yield* own;
  const lists = [...above, ...own];
  const isIgnored = compileIgnores({ lists, vcs: true });
  for (const entry of entriesOf(join(root, base))) {
    const path = base === '' ? entry.name : `${base}/${entry.name}`;
    if (entry.isDirectory() && !isIgnored(path, true)) yield* fromBelow(root, path, lists);
  }
}

/** A directory that cannot be read has no rules; the scan tells what is wrong with it. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
