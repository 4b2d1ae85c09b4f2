/**
 * Names and link targets from a container are hostile input: nothing they say may lead out of the directory
 * that is synced, here or there.
 */

/** Our folder inside a root, and what those outside of one begin with. */
export const privateFolder = '.x8s-devsync';

/** Whether something is a folder of ours, of whatever sync. It is never synced. */
export const isOurOwn = (name: string): boolean =>
  name.startsWith(privateFolder) && /^(-[0-9a-f]{12})?$/.test(name.slice(privateFolder.length));

const reservedOnWindows = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: Windows forbids just these.
const forbiddenOnWindows = /[\u0000-\u001f<>:"|?*\\]/;

/** Why this is no name for a file on that platform; undefined where it is one. */
export function nameProblem(name: string, platform: NodeJS.Platform): string | undefined {
  if (name === '' || name === '.' || name === '..') return `${JSON.stringify(name)} is no file name`;
  if (name.includes('/') || name.includes('\0')) return 'a file name with a slash or a zero byte in it';
  if (!name.isWellFormed()) return 'a file name that is not valid Unicode';
  if (Buffer.byteLength(name) > 255) return 'a file name longer than 255 bytes';
  if (platform !== 'win32') return undefined;
  if (forbiddenOnWindows.test(name)) return 'a file name with characters that Windows does not allow';
  if (reservedOnWindows.test(name)) return 'a file name that Windows reserves for a device';
  return /[. ]$/.test(name) ? 'a file name that ends with a dot or a space, which Windows drops' : undefined;
}

/** Whether a name that the system has told was not valid Unicode, so that nothing is found by it. */
export const isMangled = (name: string): boolean => name.includes('\uFFFD');

/** As {@link nameProblem}, for a name that was found in a directory, or told by the system. */
export const foundNameProblem = (name: string, platform: NodeJS.Platform): string | undefined =>
  isMangled(name) ? 'a file name that is not valid Unicode' : nameProblem(name, platform);

/** The parts of a path inside a root. Throws where one of them is no name. The root itself has none. */
export function partsOf(path: string, platform: NodeJS.Platform): string[] {
  if (path === '') return [];
  const parts = path.split('/');
  for (const part of parts) {
    const problem = nameProblem(part, platform);
    if (problem !== undefined) throw new Error(`${JSON.stringify(path)}: ${problem}`);
  }
  return parts;
}

/**
 * Why a link at `path` cannot be carried to the other side; undefined where it can. A portable link is
 * relative and stays inside the root whatever else is a link: `..` only leads (`a/../..` could leave the root
 * where `a` is a link itself).
 */
export function linkProblem(path: string, target: string): string | undefined {
  if (target === '') return 'a link to nothing';
  if (target.includes('\0') || target.includes('\uFFFD')) return 'a link whose target is not valid Unicode';
  if (target.startsWith('/') || /^[a-z]:/i.test(target) || target.includes('\\'))
    return `a link to ${target}, which is absolute or not portable`;
  const depth = path.split('/').length - 1;
  const parts = target.split('/');
  const leading = parts.findIndex((part) => part !== '..' && part !== '.' && part !== '');
  const head = leading < 0 ? parts : parts.slice(0, leading);
  const tail = leading < 0 ? [] : parts.slice(leading);
  if (head.filter((part) => part === '..').length > depth)
    return `a link to ${target}, which leads out of the synced directory`;
  return tail.includes('..') ? `a link to ${target}, which has ".." after a name` : undefined;
}

/** The file that says what a team syncs; `staging.devsync.yaml` is one, too. */
export const configName = '.devsync.yaml';

/**
 * Whether this is such a file, under any of the spellings that some file system takes for it. It holds commands and
 * names clusters, so it is never synced: a container must not be able to write one.
 */
export function isConfigFile(name: string): boolean {
  // Nearly all names end here. NTFS has short names: `DEVSYN~1.YAM`.
  if (!/\.(?:yam|[^.]*[^\x20-\x7e])/i.test(name)) return false;
  const plain = plainOn(name);
  return plain.endsWith(configName) || /~\d+\.yam$/.test(plain);
}

/** A name as the most forgiving of file systems takes it. */
export function plainOn(name: string): string {
  // HFS+ ignores zero-width characters, NTFS streams and dots at the end (CVE-2014-9390, CVE-2019-1353); APFS folds ſ.
  return name
    .normalize('NFKC')
    .replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '')
    .replace(/(::?\$.*|[. ]+)$/i, '')
    .toLowerCase();
}

/** Whether this is git's own directory, under any of the spellings that some file system takes for it. */
export function isGitDirectory(name: string): boolean {
  const plain = plainOn(name);
  return plain === '.git' || plain === 'git~1';
}

/** A name by which git knows a directory for a repository, whatever that one is called. */
export type GitPart = 'head' | 'commondir' | 'objects' | 'refs';

/** Which of those a name is, under any of the spellings that some file system takes for it. */
export function gitPart(name: string): GitPart | undefined {
  // Nearly all names end here.
  if (!/^(?:head|commondir|objects|refs)|[^\x20-\x7e]/i.test(name)) return undefined;
  const plain = plainOn(name);
  return gitParts.find((part) => part === plain);
}

const gitParts: readonly GitPart[] = ['head', 'commondir', 'objects', 'refs'];

/** Those of them that a directory's names are. */
export function gitPartsIn(names: Iterable<string>): ReadonlySet<GitPart> {
  const found = new Set<GitPart>();
  for (const name of names) {
    const part = gitPart(name);
    if (part !== undefined) found.add(part);
  }
  return found;
}

/**
 * Whether git takes a directory with these for a repository, with a `config` and `hooks` that it obeys (setup.c,
 * is_git_directory). Objects and refs may be files or links as well, or be elsewhere, where `commondir` says.
 */
export const isRepository = (parts: ReadonlySet<GitPart>): boolean =>
  parts.has('head') && (parts.has('commondir') || (parts.has('objects') && parts.has('refs')));

/** Why a name that completes one is not made. */
export const completesRepository =
  'with it, git would take the directory for a repository and run what its config says';

/** What git itself keeps in a repository and acts upon. */
const gitOwn = new Set([
  ...['head', 'commondir', 'gitdir', 'objects', 'refs', 'packed-refs', 'shallow', 'index', 'logs', 'info'],
  ...['config', 'config.worktree', 'hooks', 'modules', 'worktrees', 'branches', 'remotes'],
  ...['rebase-merge', 'rebase-apply', 'sequencer'],
]);

/** Whether a name in a repository is git's own there. NTFS has short names: `CONFIG~1.WOR`. */
export function isGitOwn(name: string): boolean {
  const plain = plainOn(name);
  return gitOwn.has(plain) || /~\d/.test(plain);
}

/** What two names have in common that a file system without case, or one that decomposes letters, mixes up. */
export function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase().normalize('NFC');
}
