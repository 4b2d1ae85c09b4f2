/** Names of the source that a target does not tell apart. */
import { opendirSync } from 'node:fs';
import { join } from 'node:path';
import { collisionsOf, type Folding } from '../protocol/losses.ts';
import { type CopiedTree, isKept } from '../volume/tree.ts';

/** More than that can't be skipped one by one. */
const mostGroups = 1000;

/**
 * Groups of paths that fall together, the first thousand; reads names only, and keeps those of one folder at a time.
 */
export function findCollisions(tree: CopiedTree, folding: Folding): string[][] {
  const found: string[][] = [];
  const folders = [''];
  for (
    let folder = folders.pop();
    folder !== undefined && found.length < mostGroups;
    folder = folders.pop()
  ) {
    const names = namesIn(tree, folder, folders);
    const below = (name: string) => (folder === '' ? name : `${folder}/${name}`);
    for (const group of collisionsOf(names, folding)) found.push(group.map(below));
  }
  return found.slice(0, mostGroups);
}

/** The names of a folder; its own folders are added to those that are still to be read. */
function namesIn(tree: CopiedTree, folder: string, folders: string[]): string[] {
  const names: string[] = [];
  try {
    using entries = opendirSync(join(tree.root, folder));
    for (let entry = entries.readSync(); entry; entry = entries.readSync()) {
      if (folder === '' && isKept(tree, entry.name)) continue;
      names.push(entry.name);
      if (entry.isDirectory()) folders.push(folder === '' ? entry.name : `${folder}/${entry.name}`);
    }
  } catch {
    // What may not be read is not copied either.
  }
  return names;
}
