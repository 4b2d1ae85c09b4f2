/** Looks up, edits and compares trees. An edit makes a new tree and never changes the original. */
import { childrenOf, type Directory, type Entry, join, type MaybeEntry } from './entry.ts';
import { isIdentical, withoutPermissions } from './permissions.ts';

/** A path and the entry that it has now, without children; undefined where nothing is there any more. */
export type Edit = readonly [path: string, entry: MaybeEntry];

/** The entry at a path, if there is one. */
export function lookup(tree: MaybeEntry, path: string): MaybeEntry {
  let entry = tree;
  if (path === '') return entry;
  for (const name of path.split('/')) entry = childrenOf(entry).get(name);
  return entry;
}

/** Splits a path into its parent's and its own name. */
export function splitPath(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}

type Draft = Directory & { readonly children: Map<string, Entry> };

/** Makes many edits to one tree. Each directory that they touch is copied once, and the first tree is never changed. */
export class TreeEditor {
  #root: MaybeEntry;
  readonly #drafts = new Set<Entry>();
  /** Where the last edit was made: the next one is often beside it. */
  #last: { readonly path: string; readonly draft: Draft } | undefined;

  constructor(tree: MaybeEntry) {
    this.#root = tree;
  }

  /**
   * Puts an entry at a path, or removes what is there where it is undefined. A directory in place of a directory keeps
   * the children, unless it brings its own. Nothing happens where the parent is no directory.
   */
  set(path: string, entry: MaybeEntry): void {
    if (path === '') {
      this.#root = this.#merged(this.#root, entry);
      this.#last = undefined;
      return;
    }
    const [parentPath, name] = splitPath(path);
    const parent = this.#last?.path === parentPath ? this.#last.draft : this.#draftAt(parentPath);
    if (parent === undefined) return;
    // No edit but the root's own replaces the directory that it is made in.
    this.#last = { path: parentPath, draft: parent };
    const merged = this.#merged(parent.children.get(name), entry);
    if (merged === undefined) parent.children.delete(name);
    else parent.children.set(name, merged);
  }

  /** The edited tree. The editor must not be used afterwards. */
  finish(): MaybeEntry {
    this.#drafts.clear();
    return this.#root;
  }

  #merged(old: MaybeEntry, entry: MaybeEntry): MaybeEntry {
    if (entry?.kind !== 'directory' || old?.kind !== 'directory' || entry.children.size > 0) return entry;
    return isIdentical(old, entry) ? old : this.#draft({ ...entry, children: old.children });
  }

  #draft(directory: Directory): Draft {
    if (this.#drafts.has(directory)) return directory as Draft;
    const draft = { ...directory, children: new Map(directory.children) };
    this.#drafts.add(draft);
    return draft;
  }

  #draftAt(path: string): Draft | undefined {
    if (this.#root?.kind !== 'directory') return undefined;
    let directory = this.#draft(this.#root);
    this.#root = directory;
    if (path === '') return directory;
    for (const name of path.split('/')) {
      const child = directory.children.get(name);
      if (child?.kind !== 'directory') return undefined;
      const draft = this.#draft(child);
      if (draft !== child) directory.children.set(name, draft);
      directory = draft;
    }
    return directory;
  }
}

/** The tree that edits make of a tree. */
export function edited(tree: MaybeEntry, edits: Iterable<Edit>): MaybeEntry {
  const editor = new TreeEditor(tree);
  for (const [path, entry] of edits) editor.set(path, entry);
  return editor.finish();
}

/** Yields the edits that turn one tree into another, parents first. Parts that are the same object are not looked at. */
export function* difference(from: MaybeEntry, to: MaybeEntry, path = ''): Generator<Edit> {
  if (from === to) return;
  if (to === undefined) {
    yield [path, undefined];
    return;
  }
  const replaced = from !== undefined && from.kind !== to.kind;
  if (replaced) yield [path, undefined];
  const old = replaced ? undefined : from;
  if (!isIdentical(old, to)) yield [path, to.kind === 'directory' ? { ...to, children: new Map() } : to];
  const [was, is] = [childrenOf(old), childrenOf(to)];
  for (const name of was.keys()) if (!is.has(name)) yield [join(path, name), undefined];
  for (const [name, child] of is) {
    const before = was.get(name);
    // Most of a new tree: a generator for each file would take more time than all else.
    if (before === undefined && child.kind !== 'directory') yield [join(path, name), child];
    else yield* difference(before, child, join(path, name));
  }
}

/** Edits as a side shows what was done there: one whose file system has no permissions shows none. */
export const withKnownPermissions = (edits: Iterable<Edit>, hasModes: boolean): Iterable<Edit> =>
  hasModes ? edits : editsWithoutPermissions(edits);

function* editsWithoutPermissions(edits: Iterable<Edit>): Generator<Edit> {
  for (const [path, entry] of edits) yield [path, withoutPermissions(entry)];
}

/** The part of a tree at whose paths the other tree has something too. The root is always part of it. */
export function common(tree: MaybeEntry, other: MaybeEntry): MaybeEntry {
  if (tree?.kind !== 'directory') return tree;
  const children = new Map<string, Entry>();
  for (const [name, child] of tree.children) {
    const opposite = childrenOf(other).get(name);
    if (opposite !== undefined) children.set(name, common(child, opposite) ?? child);
  }
  return { ...tree, children };
}

/** The part of a tree at whose paths the other tree has nothing, with the directories above it. */
export function missingFrom(tree: MaybeEntry, other: MaybeEntry): MaybeEntry {
  if (other === undefined) return tree;
  const children = new Map<string, Entry>();
  for (const [name, child] of childrenOf(tree)) {
    const part = missingFrom(child, childrenOf(other).get(name));
    if (part !== undefined) children.set(name, part);
  }
  return tree?.kind !== 'directory' || children.size === 0 ? undefined : { ...tree, children };
}
