/** Where REMOTE leads in a container. */
import { mkdirSync } from 'node:fs';
import { splitPath } from '../reconcile/tree.ts';
import { resolveWithin } from '../sync/files/folder.ts';
import { codeOf } from '../sync/files/system-error.ts';

/**
 * REMOTE without links, below the container's root. Throws what the file system says, and where it is that root itself:
 * a link to it is no more to be synced than `/`.
 */
export function resolveRoot({ base, root }: { readonly base: string; readonly root: string }): string {
  const resolved = resolveWithin(base, root);
  if (resolved === '/')
    throw Object.assign(new Error('it leads to the root of the container'), { code: 'ENOTSUP' });
  return resolved;
}

/** A directory without links; where it is missing it is made, with those above it. Throws what the file system says. */
export function resolveOrMake(base: string, path: string): string {
  try {
    return resolveWithin(base, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    const [above, name] = splitPath(path);
    // A link that leads nowhere is in the way: EEXIST.
    mkdirSync(`${base}${resolveOrMake(base, above || '/')}/${name}`);
    return resolveWithin(base, path);
  }
}

/** The directory above a missing one, or above that, that is there. Throws what the file system says. */
export function nearestAbove(base: string, path: string): string {
  const above = splitPath(path)[0] || '/';
  try {
    return resolveWithin(base, above);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return nearestAbove(base, above);
  }
}
