/** Directories that only one side has, because they hold nothing but ignored files. */
import { childrenOf, type Directory, isPhantom, join, type MaybeEntry } from '../../reconcile/entry.ts';

type Phantoms = readonly string[];
const none: Phantoms = [];
/** A directory is looked through once: trees share what has not changed. */
const known = new WeakMap<Directory, Phantoms>();

/** The topmost directories with nothing but ignored files in them; relative paths. */
function phantomsIn(directory: Directory): Phantoms {
  const found = known.get(directory) ?? lookThrough(directory);
  known.set(directory, found);
  return found;
}

function lookThrough(directory: Directory): Phantoms {
  const found: string[] = [];
  for (const [name, child] of directory.children) {
    if (child.kind !== 'directory') continue;
    if (isPhantom(child)) found.push(name);
    else for (const path of phantomsIn(child)) found.push(join(name, path));
  }
  return found.length === 0 ? none : found;
}

/** Those of one tree that the other one does not have at all: what stays where a directory was deleted. */
export function leftoversIn(tree: MaybeEntry, other: MaybeEntry): string[] {
  if (tree?.kind !== 'directory' || other === undefined) return [];
  return phantomsIn(tree).filter((path) => {
    let there: MaybeEntry = other;
    for (const name of path.split('/')) there = childrenOf(there).get(name);
    return there === undefined;
  });
}
