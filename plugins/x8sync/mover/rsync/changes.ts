/** What a dry run of rsync says that it would do: `%i|…`, an entry a line. */

/** rsync's own %i: what is done, the kind of entry, and what of it differs. */
export interface Change {
  /** `>f+++++++++`, `cd+++++++++`, `*deleting`, … (rsync(1), --itemize-changes). */
  readonly item: string;
  /** What stands behind it. */
  readonly rest: string;
}

/** One line, or undefined where it names none. */
export function parseChange(line: string): Change | undefined {
  const [, item, rest] = /^([<>ch.][fdLDS][^|]*|\*deleting *)\|(.*)$/s.exec(line) ?? [];
  return item === undefined || rest === undefined ? undefined : { item: item.trimEnd(), rest };
}

export const isDeletion = ({ item }: Change): boolean => item === '*deleting';
/** A new entry that takes an inode: a further name of a file (h) takes none. */
export const isCreation = ({ item }: Change): boolean => /^[^h][fdLDS]\+/.test(item);
/** An entry that stays, while its mode, owner, times or attributes change. */
export const isAttributes = ({ item }: Change): boolean => item.startsWith('.');
/** The tree's own root folder. */
export const isRoot = ({ rest }: Change): boolean => rest === './';
/** Whether more than the time of the root folder changes: the staging folder, made and removed, changes its time too. */
export const changesMoreThanTime = ({ item }: Change): boolean => /[a-su-zA-SU-Z]/.test(item.slice(2));
/** A file whose content is sent. */
export const isTransfer = ({ item }: Change): boolean => item.startsWith('>f');

/** A file of `%i|%l|%n` whose content is sent: its length, and its path below the root. */
export function parseTransfer(line: string): { readonly bytes: number; readonly path: Buffer } | undefined {
  const change = parseChange(line);
  if (!change || !isTransfer(change)) return undefined;
  const bar = change.rest.indexOf('|');
  return { bytes: Number(change.rest.slice(0, bar)), path: decodeName(change.rest.slice(bar + 1)) };
}

/** The bytes of a name, which rsync --8-bit-output gives but for control characters and `\#`: those are \#ooo. */
export function decodeName(name: string): Buffer {
  const bytes = name.replace(/\\#([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return Buffer.from(bytes, 'latin1');
}
