/** Which part of a volume is copied and compared. */
import { opendirSync } from 'node:fs';
import { type FilterRule, filterOf } from './filters.ts';
import type { Tree } from './manifest/walk.ts';
import { stagingName } from './paths.ts';

/** In the root: what file systems and movers keep there for themselves. */
const keptNames: readonly string[] = ['lost+found', stagingName];

/** Whether a folder has no entry that is copied. Reads as few names as tell. */
export function holdsNothing(folder: string): boolean {
  using entries = opendirSync(folder);
  for (let entry = entries.readSync(); entry; entry = entries.readSync())
    if (!keptNames.includes(entry.name)) return false;
  return true;
}

/** All that is copied of the folder at this path. */
export function treeAt(root: string, filters: readonly FilterRule[] = []): Tree {
  const isFiltered = filterOf(filters);
  return { root, leavesOut: (path, isFolder) => keptNames.includes(path) || isFiltered(path, isFolder) };
}
