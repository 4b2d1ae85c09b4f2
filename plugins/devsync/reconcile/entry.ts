/** What is at a path. Entries never change, so unchanged parts of two trees are the same objects and compare at once. */

export interface Directory {
  readonly kind: 'directory';
  readonly children: ReadonlyMap<string, Entry>;
  /** Permission bits, where the sync keeps permissions and the file system knows them. */
  readonly mode?: number;
  /** As a file's. */
  readonly reach?: Reach;
}

/** Who has any rights, where that is not everybody: the owner alone, or the group as well. */
export const reaches = ['owner', 'group'] as const;
export type Reach = (typeof reaches)[number];

export interface File {
  readonly kind: 'file';
  /** SHA-256 of the content in lower-case hex. Two contents are the same if and only if their digests are. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** Absent where the file system knows no such bit. */
  readonly executable?: boolean;
  /** Permission bits, where the sync keeps permissions and the file system knows them. */
  readonly mode?: number;
  /** When the file was changed, in milliseconds since 1970, where the sync keeps times. It is not compared. */
  readonly modified?: number;
  /**
   * Absent where everybody has rights, or where that was not looked at. A new file is made no wider than that. It is not
   * compared.
   */
  readonly reach?: Reach;
  /** Only of git's index: a digest without what git caches in it, which differs on every machine. */
  readonly semanticDigest?: string;
}

export interface Symlink {
  readonly kind: 'symlink';
  readonly target: string;
}

/** Something that exists and is not synced: an ignored entry, a device, another mount. */
export interface Untracked {
  readonly kind: 'untracked';
  /** What it is, such as `a socket`, where it is not synced although no rule ignores it. */
  readonly what?: string;
}

/** Something that should be synced and cannot be. It blocks its own path and nothing else. */
export interface Problem {
  readonly kind: 'problem';
  readonly problem: string;
}

export type Entry = Directory | File | Symlink | Untracked | Problem;
/** The kinds that are synced. */
export type Tracked = Directory | File | Symlink;
/** An entry, or undefined where nothing exists. */
export type MaybeEntry = Entry | undefined;

export const untracked: Untracked = { kind: 'untracked' };
export const skipped = (what: string): Untracked => ({ kind: 'untracked', what });
export const emptyDirectory: Directory = { kind: 'directory', children: new Map() };
const noChildren: ReadonlyMap<string, Entry> = new Map();

/** The problem of a file that changed each time while it was read. */
export const writtenToProblem = 'is being written to without a pause';

/** The problem of a root in whose place another directory is mounted. */
export const otherMountProblem = 'something else was mounted there, or unmounted';

export const problem = (text: string): Problem => ({ kind: 'problem', problem: text });

/** The children of a directory. Anything else has none. */
export function childrenOf(entry: MaybeEntry): ReadonlyMap<string, Entry> {
  return entry?.kind === 'directory' ? entry.children : noChildren;
}

/** The path of a child. The root's path is empty. */
export function join(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

/** Whether two have the same permissions, as far as both know theirs. */
export function samePermissions(
  one: Pick<File, 'executable' | 'mode'>,
  other: Pick<File, 'executable' | 'mode'>,
): boolean {
  return isNoOther(one.executable, other.executable) && isNoOther(one.mode, other.mode);
}

const isNoOther = <T>(one: T | undefined, other: T | undefined): boolean =>
  one === other || one === undefined || other === undefined;

/** Whether two entries are the same, not counting the children of directories. Unknown permissions are no difference. */
export function sameShallow(one: MaybeEntry, other: MaybeEntry): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  switch (one.kind) {
    case 'directory':
      return other.kind === 'directory' && samePermissions(one, other);
    case 'file':
      return other.kind === 'file' && one.digest === other.digest && samePermissions(one, other);
    case 'symlink':
      return other.kind === 'symlink' && one.target === other.target;
    case 'problem':
      return other.kind === 'problem' && one.problem === other.problem;
    case 'untracked':
      return other.kind === 'untracked';
  }
}

/** Whether two files differ at most in what they cache. */
export function areAlike(one: MaybeEntry, other: MaybeEntry): boolean {
  if (one?.kind !== 'file' || other?.kind !== 'file' || one.semanticDigest === undefined) return false;
  return one.semanticDigest === other.semanticDigest && samePermissions(one, other);
}

/** Whether two entries are the same with everything below them. */
export function sameDeep(one: MaybeEntry, other: MaybeEntry): boolean {
  if (one === other) return true;
  if (!sameShallow(one, other)) return false;
  const [ours, theirs] = [childrenOf(one), childrenOf(other)];
  if (ours.size !== theirs.size) return false;
  for (const [name, child] of ours) if (!sameDeep(child, theirs.get(name))) return false;
  return true;
}

/** An entry without its children. */
export function shallow(entry: Tracked): Tracked {
  if (entry.kind !== 'directory' || entry.children.size === 0) return entry;
  return { ...entry, children: noChildren };
}

/**
 * The part of an entry that is synced: without untracked entries and problems, without directories that hold nothing
 * else, and without the names to leave out.
 */
export function trackedPart(entry: MaybeEntry, leaveOut?: (name: string) => boolean): Tracked | undefined {
  if (entry === undefined || entry.kind === 'untracked' || entry.kind === 'problem') return undefined;
  if (entry.kind !== 'directory') return entry;
  let changed = false;
  const children = new Map<string, Entry>();
  for (const [name, child] of entry.children) {
    const part = isPhantom(child, leaveOut) || leaveOut?.(name) ? undefined : trackedPart(child, leaveOut);
    if (part !== undefined) children.set(name, part);
    if (part !== child) changed = true;
  }
  return changed ? { ...entry, children } : entry;
}

/**
 * Whether an entry is a directory that holds only untracked entries, at any depth. Deleting a directory leaves such a
 * one, because ignored files stay. So it counts as absent where the other side has nothing.
 *
 * @param isLeftOut names that the other side never takes over
 */
export function isPhantom(entry: MaybeEntry, isLeftOut?: (name: string) => boolean): boolean {
  if (entry?.kind !== 'directory' || entry.children.size === 0) return false;
  for (const [name, child] of entry.children)
    if (child.kind !== 'untracked' && !isLeftOut?.(name) && !isPhantom(child, isLeftOut)) return false;
  return true;
}

/** Whether an entry, or any entry below it, satisfies the predicate. */
export function contains(entry: MaybeEntry, predicate: (entry: Entry) => boolean): boolean {
  if (entry === undefined) return false;
  if (predicate(entry)) return true;
  for (const child of childrenOf(entry).values()) if (contains(child, predicate)) return true;
  return false;
}

/** Yields every entry of a tree with its path, parents before children. */
export function* walk(entry: MaybeEntry, path = ''): Generator<readonly [string, Entry]> {
  if (entry === undefined) return;
  const pending: (readonly [string, Entry])[] = [[path, entry]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next;
    const [at, found] = next;
    if (found.kind === 'directory')
      for (const [name, child] of [...found.children].reverse()) pending.push([join(at, name), child]);
  }
}

/** The numbers of a tree. */
export interface Summary {
  readonly files: number;
  readonly bytes: number;
  readonly problems: number;
  /** Entries that are not synced although no rule ignores them. */
  readonly skipped: number;
}

const none: Summary = { files: 0, bytes: 0, problems: 0, skipped: 0 };
const summaries = new WeakMap<Directory, Summary>();

/** Counts the files of a tree, their bytes, and its problems. The result is kept for each directory object. */
export function measure(entry: MaybeEntry): Summary {
  if (entry?.kind === 'file') return { ...none, files: 1, bytes: entry.size };
  if (entry?.kind === 'problem') return { ...none, problems: 1 };
  if (entry?.kind === 'untracked' && entry.what !== undefined) return { ...none, skipped: 1 };
  if (entry?.kind !== 'directory') return none;
  const known = summaries.get(entry);
  if (known) return known;
  const total = { ...none } as { -readonly [key in keyof Summary]: number };
  for (const child of entry.children.values()) {
    const { files, bytes, problems, skipped } = measure(child);
    total.files += files;
    total.bytes += bytes;
    total.problems += problems;
    total.skipped += skipped;
  }
  summaries.set(entry, total);
  return total;
}
