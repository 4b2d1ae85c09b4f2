/**
 * What a new container means. Its own layer begins again as its image has it, and what it starts with writes files of its
 * own, which says nothing about what anybody wanted. So the content of the first container of an image is kept, as it
 * was before anything was synced, with what it wrote itself while it started up. In a successor
 *   - what equals it is untouched and takes the local state, deletions too;
 *   - what does not was made by the container itself, and is nobody's to overwrite: a conflict where the
 *     local side has something else, and taken over where it has nothing.
 */
import { childrenOf, type Entry, type MaybeEntry, sameShallow, shallow, type Tracked } from './entry.ts';
import { isUnchanged } from './history.ts';

/** The ancestor for a successor: what of it is as one of the manifests has it. */
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
 * The ancestor for a container that starts up: what it has written since is taken as if it had been there at once.
 *
 * @param keepsOthers what is in no manifest is compared with what was agreed on, as ever. What is missing is no deletion
 * all the same: a container that clears its volume as it starts would empty the local directory.
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

/** A file or link that is not there, or a directory that is none any more. */
const isGone = (ancestor: MaybeEntry, container: MaybeEntry): boolean =>
  container === undefined || ancestor?.kind === 'directory';

/**
 * What of a tree is in none of the others, with the directories above it; undefined: all of it is.
 *
 * @param known directories that were found to be in the others, by the first of those: trees share what has not changed.
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

const below = (trees: readonly MaybeEntry[], name: string): MaybeEntry[] =>
  trees.map((tree) => childrenOf(tree).get(name));
