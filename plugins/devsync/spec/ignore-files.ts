/** Patterns that files on this workstation bring: `.devsyncignore`, and what git reads where that is asked for. */
import { realpathSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gitIgnoreFile, ignoreFile } from '../sync/ignore/guarded-names.ts';
import type { IgnoreList, Repository } from '../sync/ignore/ignore.ts';
import { foldsNames } from '../sync/local/scan-once.ts';
import { readText, stampOf } from './git-repository.ts';
import { type GitRules, readGitRules } from './git-rules.ts';

const noGit: GitRules = { repositories: [], sources: new Map(), tracksOthers: () => false };

/** What the files say. */
export interface FileRules {
  /** Of `.devsyncignore`. */
  readonly lists: readonly IgnoreList[];
  readonly repositories: readonly Repository[];
  /** What this workstation keeps of its syncs, where that is in the directory. */
  readonly ours: readonly IgnoreList[];
}

/** The rules of a directory, which may change with its files. */
export class IgnoreFiles {
  readonly #root: string;
  readonly #useGitignore: boolean;
  readonly #stateFolder: string;
  #rules!: FileRules;
  #git: GitRules = noGit;

  /** @param stateFolder where this workstation keeps what belongs to its syncs. */
  constructor(root: string, useGitignore: boolean, stateFolder: string) {
    this.#root = root;
    this.#useGitignore = useGitignore;
    this.#stateFolder = stateFolder;
    this.#read();
  }

  get rules(): FileRules {
    return this.#rules;
  }

  /** Whether the rules are others than they were, now that these paths have changed. */
  areOthers(paths: Iterable<string>): boolean {
    let mayBe = [...this.#git.sources].some(([path, stamp]) => stampOf(path) !== stamp);
    for (const path of paths) mayBe ||= this.#isIgnoreFile(path);
    if (!mayBe && !this.#git.tracksOthers()) return false;
    const before = this.#rules;
    this.#read();
    return !isDeepStrictEqual(before, this.#rules);
  }

  #isIgnoreFile(path: string): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1);
    // A repository that comes or goes brings its rules, or takes them along.
    return path === ignoreFile || (this.#useGitignore && (name === gitIgnoreFile || name === '.git'));
  }

  #read(): void {
    const text = readText(join(this.#root, ignoreFile));
    const folds = foldsNames(this.#root) && { foldsCase: true };
    const lists = text === undefined ? [] : [{ base: '', patterns: text, ...folds }];
    this.#git = this.#useGitignore ? readGitRules(this.#root, lists) : noGit;
    const ours = rulesForOwn(this.#root, this.#stateFolder);
    this.#rules = { lists, repositories: this.#git.repositories, ours };
  }
}

/**
 * Leaves out what we keep ourselves in a directory that is synced (a home directory holds it): each change that is
 * carried over would make the next one there, and a container could write what we go by.
 */
function rulesForOwn(root: string, stateFolder: string): IgnoreList[] {
  const path = relative(realOf(root), realOf(stateFolder));
  if (path === '' || path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) return [];
  const pattern = path.replaceAll(sep, '/').replaceAll(/[\\*?[\] ]/g, '\\$&');
  return [{ base: '', patterns: `/${pattern}` }];
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
