/**
 * Finds the ancestor for a new container. It begins with the content of its image, and its programs write files of their
 * own while they start. Neither says what anybody wants. So the content of the first container of each image is kept as
 * a manifest: as it was before anything was synced, with what the container itself wrote while it started.
 *   - What equals a manifest in a successor is untouched: it takes the local state, including deletions.
 *   - Everything else was made by the container, so it must not be overwritten. It is a conflict where the local side
 *     has something else, and is taken over where the local side has nothing.
 */
import { childrenOf, type Entry, type MaybeEntry, sameShallow, shallow, type Tracked } from './entry.ts';
import { isUnchanged } from './history.ts';

/** The ancestor for a successor: the part of its content that is as in one of the manifests. */
export function successorAncestor(manifests: readonly MaybeEntry[], container: MaybeEntry): MaybeEntry {
  const alike = manifests.filter((one) => one !== undefined && sameShallow(one, container));
  const [first] = alike;
  if (first?.kind !== 'directory') return first && shallow(first as Tracked);
  const children = new Map<string, Entry>();
  for (const [name, child] of childrenOf(container)) {
    const kept = successorAncestor(below(alike, name), child);
    if (kept !== undefined) children.set(name, kept);
  }
  return { ...first, children };
}

/**
 * The ancestor for a container that is still starting: what it writes meanwhile counts as if it had been there before.
 *
 * @param keepsOthers whether entries that are in no manifest are compared with the ancestor as usual. A missing entry is
 * still no deletion: a container that clears its volume when it starts would empty the local directory.
 */
export function startingAncestor(
  ancestor: MaybeEntry,
  manifests: readonly MaybeEntry[],
  container: MaybeEntry,
  keepsOthers: boolean,
): MaybeEntry {
  const isUnknown = container?.kind === 'untracked' || container?.kind === 'problem';
  if (isUnknown || isUnchanged(ancestor, container)) return ancestor;
  if (ancestor?.kind !== 'directory' || container?.kind !== 'directory')
    return (
      successorAncestor(manifests, container) ??
      (keepsOthers && !isGone(ancestor, container) ? ancestor : undefined)
    );
  const children = new Map<string, Entry>();
  for (const name of new Set([...ancestor.children.keys(), ...container.children.keys()])) {
    const [was, is] = [ancestor.children.get(name), container.children.get(name)];
    const kept = startingAncestor(was, below(manifests, name), is, keepsOthers);
    if (kept !== undefined) children.set(name, kept);
  }
  return { ...(keepsOthers ? ancestor : container), children };
}

/** Whether a file or link does not exist any more, or a directory is something else now. */
const isGone = (ancestor: MaybeEntry, container: MaybeEntry): boolean =>
  container === undefined || ancestor?.kind === 'directory';

/**
 * The part of a tree that is in none of the others, with the directories above it. Undefined where nothing is left.
 *
 * @param known directories of which everything was found in the others, with the first of those. It saves comparing the
 * objects that trees share.
 */
export function beyond(
  tree: MaybeEntry,
  others: readonly MaybeEntry[],
  known = new WeakMap<Entry, Entry>(),
): Tracked | undefined {
  if (tree === undefined || tree.kind === 'untracked' || tree.kind === 'problem') return undefined;
  const [first] = others;
  if (first !== undefined && known.get(tree) === first) return undefined;
  const isKnown = others.some((one) => one !== undefined && sameShallow(one, tree));
  if (tree.kind !== 'directory') return isKnown ? undefined : tree;
  const children = new Map<string, Entry>();
  for (const [name, child] of tree.children) {
    const part = beyond(child, below(others, name), known);
    if (part !== undefined) children.set(name, part);
  }
  if (children.size > 0 || !isKnown) return { ...tree, children };
  if (first !== undefined) known.set(tree, first);
  return undefined;
}

/** What each tree has under a name. */
const below = (trees: readonly MaybeEntry[], name: string): MaybeEntry[] =>
  trees.map((tree) => childrenOf(tree).get(name));
