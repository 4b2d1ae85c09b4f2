/**
 * What a new container means. Its own layer begins again as its image has it, which says nothing about what
 * anybody wanted. So the content of the first container of an image is kept, as it was before anything was
 * synced, and in a successor
 *   - what equals it is untouched and takes the local state, deletions too;
 *   - what does not was made by the container itself, and is nobody's to overwrite: a conflict where the
 *     local side has something else, and taken over where it has nothing.
 */
import { childrenOf, type Entry, type Maybe, sameShallow, shallow, type Tracked } from './entry.ts';

/** The ancestor for a successor: what of it is as its image made it. */
export function successorAncestor(manifest: Maybe, container: Maybe): Maybe {
  if (manifest === undefined || !sameShallow(manifest, container)) return undefined;
  if (manifest.kind !== 'directory') return shallow(manifest as Tracked);
  const children = new Map<string, Entry>();
  for (const [name, child] of childrenOf(manifest)) {
    const kept = successorAncestor(child, childrenOf(container).get(name));
    if (kept !== undefined) children.set(name, kept);
  }
  return { ...manifest, children };
}
