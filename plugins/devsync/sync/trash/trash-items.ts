/** The items in a trash, and which of them are evicted first. */
import { readdirSync } from 'node:fs';
import { join } from '../../reconcile/entry.ts';
import type { TrashItem } from '../endpoint.ts';
import type { Folder } from '../files/folder.ts';

/** A file whose versions take more than this part of the trash gives up its older ones, before anything else goes. */
const mostOfOne = 1 / 4;

/** The items that one operation has put there. Those that cannot be read are left out. */
export function* itemsIn(trash: Folder, operation: string): Generator<TrashItem> {
  yield* below(trash, operation, operation, '');
}

function* below(parent: Folder, name: string, operation: string, path: string): Generator<TrashItem> {
  try {
    const stats = parent.stat(name);
    if (!stats.isDirectory()) yield { operation, path, size: stats.size };
    else {
      using folder = parent.child(name);
      for (const one of readdirSync(folder.path)) yield* below(folder, one, operation, join(path, one));
    }
  } catch {
    // Another process may have taken it away.
  }
}

/**
 * Older versions of those files that fill the trash by themselves, oldest first, as many as it takes to bring each of
 * them down to its part. The newest one stays.
 *
 * @param items oldest first. @param limit bytes that the trash may hold.
 */
export function surplusVersions(items: readonly TrashItem[], limit: number): TrashItem[] {
  const versions = new Map<string, TrashItem[]>();
  for (const item of items) {
    const known = versions.get(item.path);
    if (known) known.push(item);
    else versions.set(item.path, [item]);
  }
  return [...versions.values()].flatMap((all) => {
    let bytes = all.reduce((sum, { size }) => sum + size, 0);
    return all.slice(0, -1).filter(({ size }) => {
      const isSurplus = bytes > limit * mostOfOne;
      if (isSurplus) bytes -= size;
      return isSurplus;
    });
  });
}
