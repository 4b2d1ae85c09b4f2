/** Where REMOTE leads in a container. */
import { resolveWithin } from '../sync/folder.ts';

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
