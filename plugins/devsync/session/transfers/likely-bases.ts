/**
 * Of which file that the receiving side has a new large content may be another version: one that was renamed, or copied,
 * and edited. A wrong guess costs a signature, and nothing that is put together is believed before its digest is right.
 */
import { type MaybeEntry, walk } from '../../reconcile/entry.ts';
import type { Operation } from '../../reconcile/operations.ts';
import { splitPath } from '../../reconcile/tree.ts';
import { leastForDelta } from '../../sync/contents/delta-files.ts';
import type { ContentRef } from '../../sync/endpoint.ts';

/** A version is not so many times larger or smaller than another one. */
const mostGrowth = 2;

/** Whether one may be a version of the other, by their sizes and names alone, where one of them leaves. */
export function isLikelyVersion(one: Omit<ContentRef, 'digest'>, other: Omit<ContentRef, 'digest'>): boolean {
  const [less, more] = [Math.min(one.size, other.size), Math.max(one.size, other.size)];
  // On some file systems these are one name.
  const isOneName = one.path.normalize().toLowerCase() === other.path.normalize().toLowerCase();
  return less >= leastForDelta && more <= less * mostGrowth && !isOneName;
}

export class LikelyBases {
  readonly #tree: MaybeEntry;
  readonly #leaving: readonly ContentRef[];
  #all: readonly ContentRef[] | undefined;

  /** @param tree of the receiving side. @param operations that are to be carried out there. */
  constructor(tree: MaybeEntry, operations: readonly Operation[]) {
    this.#tree = tree;
    this.#leaving = operations.flatMap(({ path, old, new: wanted }) =>
      old?.kind === 'file' && wanted === undefined ? [{ path, digest: old.digest, size: old.size }] : [],
    );
  }

  /** Whether anything leaves at all. */
  get isAnyLeaving(): boolean {
    return this.#leaving.length > 0;
  }

  /** What leaves, and may be the version before. */
  leaving(need: ContentRef): ContentRef | undefined {
    return nearest(need, this.#leaving);
  }

  /** What may be the version before: what leaves, or has the same name or size, or is of a kind and beside it. */
  of(need: ContentRef): ContentRef | undefined {
    if (need.size < leastForDelta) return undefined;
    this.#all ??= largeFilesOf(this.#tree);
    const those = (isAlike: (one: ContentRef) => boolean) => nearest(need, this.#all?.filter(isAlike) ?? []);
    const [folder, name] = splitPath(need.path);
    const isOfAKind = ({ path }: ContentRef) =>
      splitPath(path)[0] === folder && extensionOf(path) === extensionOf(name);
    return (
      this.leaving(need) ??
      those(({ path }) => splitPath(path)[1] === name) ??
      those(isOfAKind) ??
      those(({ size }) => size === need.size)
    );
  }
}

/** By size: an edit changes little of it. */
function nearest(need: ContentRef, among: readonly ContentRef[]): ContentRef | undefined {
  const difference = ({ size }: ContentRef) => Math.abs(size - need.size);
  const likely = among.filter((one) => isLikelyVersion(one, need));
  return likely.sort((one, other) => difference(one) - difference(other))[0];
}

const largeFilesOf = (tree: MaybeEntry): ContentRef[] =>
  [...walk(tree)].flatMap(([path, entry]) =>
    entry.kind === 'file' && entry.size >= leastForDelta
      ? [{ path, digest: entry.digest, size: entry.size }]
      : [],
  );

const extensionOf = (path: string): string => /\.[^./]+$/.exec(path)?.[0] ?? '';
