/**
 * Permissions of file systems that have none (FAT, a share, a disk of Windows): what such a side has is unknown. It is no
 * difference, and what comes from there has what both sides had agreed on, or else what the other side has.
 */
import {
  childrenOf,
  type Directory,
  type Entry,
  type File,
  type MaybeEntry,
  sameShallow,
  type Tracked,
} from './entry.ts';

/** Whether two entries are the very same, not counting the children of directories: permissions, too, known or not. */
export function isIdentical(one: MaybeEntry, other: MaybeEntry): boolean {
  if (one === other) return true;
  if (!sameShallow(one, other)) return false;
  const [mine, yours] = [one as Partial<File>, other as Partial<File>];
  return mine.executable === yours.executable && mine.mode === yours.mode;
}

/**
 * An entry with the permissions that it does not know itself: those of the first of the others that knows them. A file of
 * which none does may not be executed. Everything below it is dealt with the same way.
 */
export function withPermissionsOf<T extends Tracked>(entry: T, ...others: readonly MaybeEntry[]): T {
  if (entry.kind === 'file') return filled(entry, others) as T;
  if (entry.kind !== 'directory') return entry;
  let isSame = true;
  const children = new Map<string, Entry>();
  for (const [name, child] of entry.children) {
    const made = isTracked(child) ? withPermissionsOf(child, ...below(others, name)) : child;
    isSame &&= made === child;
    children.set(name, made);
  }
  const known = withModeOf(entry, others);
  return (isSame ? known : { ...known, children }) as T;
}

function filled(file: File, others: readonly MaybeEntry[]): File {
  const known = withModeOf(file, others);
  if (known.executable !== undefined) return known;
  const like = others.find((one) => one?.kind === 'file' && one.executable !== undefined) as File | undefined;
  return { ...known, executable: like?.executable ?? false };
}

function withModeOf<T extends File | Directory>(entry: T, others: readonly MaybeEntry[]): T {
  if (entry.mode !== undefined) return entry;
  const like = others.find((one): one is T => one?.kind === entry.kind && (one as T).mode !== undefined);
  return like?.mode === undefined ? entry : { ...entry, mode: like.mode };
}

const isTracked = (entry: Entry): entry is Tracked => entry.kind !== 'untracked' && entry.kind !== 'problem';
const below = (trees: readonly MaybeEntry[], name: string) => trees.map((tree) => childrenOf(tree).get(name));

/** An entry as a file system without permissions shows it. What is below it stays. */
export function withoutPermissions(entry: MaybeEntry): MaybeEntry {
  if (entry?.kind !== 'file' && entry?.kind !== 'directory') return entry;
  const { mode: _, ...rest } = entry;
  if (rest.kind === 'directory') return rest;
  const { executable: __, ...bare } = rest;
  return bare;
}
