/**
 * Entries of a target that does not tell some names apart, and that the source has under another such name: a file whose
 * name has changed its case alone. rsync compares names byte by byte. It finds the source's file there, takes it for up to
 * date or writes it into its place, and then deletes the one entry that it is, since the source has none of that name.
 */
import { mkdir } from 'node:fs/promises';
import { type Folding, foldedName } from '../protocol/losses.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { decodeName, isDeletion, parseChange } from '../rsync/changes.ts';
import { patternOf, protectOptions } from '../rsync/patterns.ts';
import { isThrough, MoverExit } from './exit.ts';

/** Options of a dry run that lists what would be deleted, and nothing else. */
export const deletionsOnly = ['-n', '--delete', '--existing', '--ignore-existing', '--out-format=%i|%n'];
const allEntries = ['-n', '--out-format=%i|%n'];

/** Runs rsync with these options into a folder, and hands on its lines, a character for each byte; resolves with its exit code. */
export type Lister = (args: readonly string[], into: string, take: (line: string) => void) => Promise<number>;

/**
 * Options by which rsync deletes no such entry: it stays under the name that it has. None for a target that tells all
 * names apart. Takes memory for the names of all that would be deleted.
 *
 * @throws MoverExit where rsync does not get through.
 */
export async function protectionsAt(
  { work, target }: Pick<Runtime['paths'], 'work' | 'target'>,
  folding: Folding,
  list: Lister,
): Promise<string[]> {
  if (!folding.caseless && !folding.normalizing) return [];
  const going = new Map<string, string[]>();
  const note = (line: string) => {
    const change = parseChange(line);
    if (!change || !isDeletion(change)) return;
    const path = pathOf(change.rest);
    const folded = foldedName(path, folding);
    going.set(folded, [...(going.get(folded) ?? []), path]);
  };
  await listed(list(deletionsOnly, target, note));
  if (going.size === 0) return [];
  const same = new Set<string>();
  const match = (line: string) => {
    const change = parseChange(line);
    const found = change && going.get(foldedName(pathOf(change.rest), folding));
    for (const path of found ?? []) same.add(path);
  };
  // Into an empty folder all of the source would come.
  const nothing = `${work}/nothing`;
  await mkdir(nothing, { recursive: true });
  await listed(list(allEntries, nothing, match));
  return protectOptions([...same].map(patternOf), `${work}/protect`);
}

async function listed(listing: Promise<number>): Promise<void> {
  if (isThrough(await listing)) return;
  throw new MoverExit('source-failed', 'what would be deleted could not be compared with the source');
}

/** Without the slash that stands behind a folder. */
const pathOf = (name: string): string => decodeName(name).toString().replace(/\/$/, '');
