/** Which changes of a plan are large files, that may go beside the rest. */
import { type Entry, type File, join, type MaybeEntry, type Tracked, walk } from '../../reconcile/entry.ts';
import type { Change } from '../../reconcile/reconcile.ts';
import { isLikelyVersion } from './likely-bases.ts';

/** Files from this size on go beside, in bytes. */
const large = 1 << 20;

interface Split {
  readonly large: readonly Change[];
  readonly others: readonly Change[];
}

/**
 * The large files among the changes of a side, and the rest; a new directory comes without those in it. A content that is
 * there under a name which is about to go needs no transfer, if it is put in place at once. What may be an earlier version
 * of one stays until that is there.
 *
 * @param areNew only files that replace nothing.
 */
export function splitLarge(changes: readonly Change[], areNew: boolean): Split {
  const candidates = changes.flatMap(largeFilesOf);
  if (candidates.length === 0) return { large: [], others: changes };
  const leaving = new Set(changes.flatMap(({ old }) => digestsIn(old)));
  // Files of a directory go with it: their next versions have to be there before.
  const together = changes.flatMap(({ path, old }) => (old?.kind === 'directory' ? filesIn(old, path) : []));
  const stays = (change: Change) =>
    digestsIn(change.new).some((digest) => leaving.has(digest)) ||
    together.some((file) => mayBecome(file, change));
  const files = candidates.filter((change) => !stays(change) && !(areNew && change.old !== undefined));
  const versions = changes.filter(
    (change) =>
      isGoing(change) && files.some((file) => mayBecome({ ...change.old, path: change.path }, file)),
  );
  const apart = new Set([...files, ...versions].map(({ path }) => path));
  const others = changes.filter(({ path }) => !apart.has(path));
  return { large: [...files, ...versions], others: others.map((change) => without(change, apart)) };
}

export function digestsIn(entry: MaybeEntry): string[] {
  return filesIn(entry, '').map(({ digest }) => digest);
}

/** A file that is made, or replaces a file or a link, or each one of a directory that is made. */
function largeFilesOf(change: Change): Change[] {
  const { path: top, old, new: wanted, reason } = change;
  if (isLargeFile(change)) return [change];
  if (wanted?.kind !== 'directory' || old !== undefined) return [];
  return [...walk(wanted, top)].flatMap(([path, entry]) => {
    const file = { path, old, new: entry as Tracked, reason };
    return isLargeFile(file) ? [file] : [];
  });
}

function isLargeFile({ old, new: wanted }: Change): boolean {
  const isNewContent = old?.kind !== 'file' || (wanted?.kind === 'file' && old.digest !== wanted.digest);
  return wanted?.kind === 'file' && wanted.size >= large && old?.kind !== 'directory' && isNewContent;
}

const isGoing = (change: Change): change is Change & { readonly old: File } =>
  change.new === undefined && change.old?.kind === 'file';

/** Whether a file that goes may be what another one was before it was renamed and edited. */
const mayBecome = (gone: Pick<File, 'size'> & { readonly path: string }, file: Change): boolean =>
  file.old === undefined &&
  file.new?.kind === 'file' &&
  isLikelyVersion(gone, { path: file.path, size: file.new.size });

function filesIn(entry: MaybeEntry, top: string): (File & { readonly path: string })[] {
  return [...walk(entry, top)].flatMap(([path, one]) => (one.kind === 'file' ? [{ ...one, path }] : []));
}

/** A change without the files of a new directory that come apart from it. */
function without(change: Change, apart: ReadonlySet<string>): Change {
  const { path, old, new: wanted } = change;
  if (old !== undefined || wanted?.kind !== 'directory') return change;
  return { ...change, new: thinned(wanted, path, apart) as Tracked };
}

function thinned(entry: Entry, path: string, apart: ReadonlySet<string>): Entry {
  if (entry.kind !== 'directory') return entry;
  const children = [...entry.children]
    .filter(([name]) => !apart.has(join(path, name)))
    .map(([name, child]) => [name, thinned(child, join(path, name), apart)] as const);
  return { ...entry, children: new Map(children) };
}
