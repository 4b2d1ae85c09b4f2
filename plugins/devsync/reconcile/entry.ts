/** What is at a path: immutable values, so that unchanged parts of two trees are the same objects. */

export interface Directory {
  readonly kind: 'directory';
  readonly children: ReadonlyMap<string, Entry>;
  /** Permission bits; only where permissions are kept. */
  readonly mode?: number;
}

export interface File {
  readonly kind: 'file';
  /** SHA-256 of the content, lower-case hex. It alone decides whether two contents are the same. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly executable: boolean;
  /** Permission bits; only where permissions are kept. */
  readonly mode?: number;
  /** When it was changed, in milliseconds since 1970; only where times are kept. It makes no file another one. */
  readonly modified?: number;
  /** A digest of what the file says beside what it caches; only of git's index. */
  readonly semanticDigest?: string;
}

export interface Symlink {
  readonly kind: 'symlink';
  readonly target: string;
}

/** Something that is there and does not sync: ignored, a device, another mount. */
export interface Untracked {
  readonly kind: 'untracked';
  /** `a socket`: why it does not sync, where no rule says so. */
  readonly what?: string;
}

/** Something that should be synced and cannot be: it blocks its own path and nothing else. */
export interface Problem {
  readonly kind: 'problem';
  readonly problem: string;
}

export type Entry = Directory | File | Symlink | Untracked | Problem;
/** The kinds that sync. */
export type Tracked = Directory | File | Symlink;
/** Nothing there, or something. */
export type MaybeEntry = Entry | undefined;

export const untracked: Untracked = { kind: 'untracked' };
export const skipped = (what: string): Untracked => ({ kind: 'untracked', what });
export const emptyDirectory: Directory = { kind: 'directory', children: new Map() };
const noChildren: ReadonlyMap<string, Entry> = new Map();

/** A file that was never the same before and after it was read. */
export const writtenToProblem = 'is being written to without a pause';

export const problem = (text: string): Problem => ({ kind: 'problem', problem: text });

/** The children of a directory; of anything else, none. */
export function childrenOf(entry: MaybeEntry): ReadonlyMap<string, Entry> {
  return entry?.kind === 'directory' ? entry.children : noChildren;
}

/** The path of a child; the root's path is empty. */
export function join(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

/** Everything but a directory's children. */
export function sameShallow(one: MaybeEntry, other: MaybeEntry): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  switch (one.kind) {
    case 'directory':
      return other.kind === 'directory' && one.mode === other.mode;
    case 'file':
      return (
        other.kind === 'file' &&
        one.digest === other.digest &&
        one.executable === other.executable &&
        one.mode === other.mode
      );
    case 'symlink':
      return other.kind === 'symlink' && one.target === other.target;
    case 'problem':
      return other.kind === 'problem' && one.problem === other.problem;
    case 'untracked':
      return other.kind === 'untracked';
  }
}

/** Two files that differ in nothing but what they cache. */
export function areAlike(one: MaybeEntry, other: MaybeEntry): boolean {
  if (one?.kind !== 'file' || other?.kind !== 'file' || one.semanticDigest === undefined) return false;
  return (
    one.semanticDigest === other.semanticDigest &&
    one.executable === other.executable &&
    one.mode === other.mode
  );
}

/** The same, all the way down. */
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
 * What of an entry syncs: without anything untracked or in trouble, without folders that hold only such, and
 * without the names that are to be left out.
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
 * A directory that holds untracked things only, at any depth. It is what stays where a directory was deleted
 * whose ignored files were left alone, so it counts as absent where the other side has nothing.
 *
 * @param isLeftOut names that the other side would not take over in any case.
 */
export function isPhantom(entry: MaybeEntry, isLeftOut?: (name: string) => boolean): boolean {
  if (entry?.kind !== 'directory' || entry.children.size === 0) return false;
  for (const [name, child] of entry.children)
    if (child.kind !== 'untracked' && !isLeftOut?.(name) && !isPhantom(child, isLeftOut)) return false;
  return true;
}

/** Whether anything in it, itself included, satisfies the predicate. */
export function contains(entry: MaybeEntry, predicate: (entry: Entry) => boolean): boolean {
  if (entry === undefined) return false;
  if (predicate(entry)) return true;
  for (const child of childrenOf(entry).values()) if (contains(child, predicate)) return true;
  return false;
}

/** Every entry of a tree with its path, parents before children. */
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

/** What a tree amounts to. */
export interface Summary {
  readonly files: number;
  readonly bytes: number;
  readonly problems: number;
  /** What is skipped though no rule ignores it. */
  readonly skipped: number;
}

const none: Summary = { files: 0, bytes: 0, problems: 0, skipped: 0 };
const summaries = new WeakMap<Directory, Summary>();

/** The number of files in it, their bytes, and how much of it is in trouble. A directory is counted once. */
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
