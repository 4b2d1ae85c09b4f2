/** A git repository on this workstation, as far as it says what is ignored. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { messageOf, X8sError } from '../../../src/errors.ts';
import { machine } from '../../../src/machine.ts';
import { findGitDirectory } from '../sync/scan/git.ts';
import { parseGitIndex } from '../sync/scan/git-index.ts';

/** What its configuration says: the user's, the system's and its own together. */
interface Settings {
  /** `core.excludesFile`; undefined: not set. */
  readonly excludesFile: string | undefined;
  /** `core.ignoreCase`: git sets it where the file system does not tell names by their case. */
  readonly ignoresCase: boolean;
  readonly isSha256: boolean;
}

export class GitRepository {
  /** The directory that holds the working tree. */
  readonly top: string;
  readonly #directory: string;
  /** Of a worktree, the directory of the repository that it belongs to. */
  readonly #common: string;
  readonly #settings: Settings;

  /** @param directory git's own: `.git`, or where a file of that name leads. */
  constructor(top: string, directory: string) {
    this.top = top;
    this.#directory = directory;
    const common = readText(join(directory, 'commondir'))?.trim();
    this.#common = common === undefined ? directory : resolve(directory, common);
    this.#settings = readSettings(directory);
  }

  get ignoresCase(): boolean {
    return this.#settings.ignoresCase;
  }

  /** Lists of patterns for the whole repository: the user's own, which has the least say, and `info/exclude`. */
  get excludeFiles(): string[] {
    const { excludesFile } = this.#settings;
    // A relative one is meant from the top; an empty one says that there is none.
    const own =
      excludesFile === undefined ? defaultExcludes() : excludesFile && resolve(this.top, excludesFile);
    return [...(own ? [own] : []), join(this.#common, 'info', 'exclude')];
  }

  get indexFile(): string {
    return join(this.#directory, 'index');
  }

  /** Paths from the top that git tracks; a submodule's ends with a slash. None where there is no index yet. */
  tracked(): readonly string[] {
    if (!existsSync(this.indexFile)) return [];
    try {
      return this.#readIndex();
    } catch (cause) {
      throw new X8sError(`what git tracks in ${this.top} is not known: ${messageOf(cause)}`, {
        cause,
        hint: '`git status` says what is wrong with the repository; --no-use-gitignore does without it.',
      });
    }
  }

  #readIndex(): readonly string[] {
    const hashSize = this.#settings.isSha256 ? 32 : 20;
    const { paths, sharedWith } = parseGitIndex(readFileSync(this.indexFile), hashSize);
    if (sharedWith === undefined || /^0*$/.test(sharedWith)) return paths;
    const shared = readFileSync(join(this.#directory, `sharedindex.${sharedWith}`));
    return [...new Set([...parseGitIndex(shared, hashSize).paths, ...paths])];
  }
}

/** The repository that a directory lies in. */
export function findRepository(folder: string): GitRepository | undefined {
  const found = repositoryAt(folder);
  if (found !== undefined || dirname(folder) === folder) return found;
  return findRepository(dirname(folder));
}

/** The repository whose top a directory is. What has no HEAD is none to git, whatever its name is. */
export function repositoryAt(folder: string): GitRepository | undefined {
  const directory = findGitDirectory(folder, folder);
  if (directory === undefined || !existsSync(join(directory, 'HEAD'))) return undefined;
  return new GitRepository(folder, directory);
}

/** What changes when a file does; an empty text where it is missing. */
export function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? '' : `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const asked = '^(core\\.(excludesfile|ignorecase)|extensions\\.objectformat)$';

/** Asks git itself: its configuration has includes and conditions. Where there is no git, nothing is set. */
function readSettings(directory: string): Settings {
  const values = new Map<string, string>();
  for (const entry of askConfig(directory).split('\0')) {
    const [name = '', ...value] = entry.split('\n');
    // The last one of a name holds.
    values.set(name, value.join('\n'));
  }
  return {
    excludesFile: values.get('core.excludesfile'),
    ignoresCase: /^(true|yes|on|1|)$/i.test(values.get('core.ignorecase') ?? 'false'),
    isSha256: values.get('extensions.objectformat') === 'sha256',
  };
}

function askConfig(directory: string): string {
  try {
    const question = ['config', '--null', '--type=path', '--get-regexp', asked];
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', [`--git-dir=${directory}`, ...question], { encoding: 'utf8', stdio });
  } catch {
    return '';
  }
}

const defaultExcludes = () => join(machine.configHome ?? join(homedir(), '.config'), 'git', 'ignore');
