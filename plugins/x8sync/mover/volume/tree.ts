/** Which part of a volume is copied, counted, compared and deleted: the rule about names in its root stands here alone. */
import { opendirSync } from 'node:fs';
import type { Tree } from '../manifest/walk.ts';
import { type Paths, stagingName } from '../system/paths.ts';
import { type FilterRule, filterOf } from './filters.ts';

/** Where file systems put what a repair finds: in the root of a volume. Elsewhere it is a name as any other. */
export const lostFoundName = 'lost+found';

/** A folder whose content is copied, or is copied to. */
export interface CopiedTree {
  readonly root: string;
  /** It is all of a volume, and no folder of one. */
  readonly isWholeVolume: boolean;
}

export const sourceTree = ({ source, isWholeSource }: Paths): CopiedTree => ({
  root: source,
  isWholeVolume: isWholeSource,
});

export const targetTree = ({ target, isWholeTarget }: Paths): CopiedTree => ({
  root: target,
  isWholeVolume: isWholeTarget,
});

/** Names in the root that are no part of a tree: what file systems and movers keep there for themselves. */
export const keptNames = ({ isWholeVolume }: Pick<CopiedTree, 'isWholeVolume'>): readonly string[] =>
  isWholeVolume ? [stagingName, lostFoundName] : [stagingName];

/** Whether a path below the root is one of those names, or below one. */
export const isKept = (tree: CopiedTree, path: string): boolean =>
  keptNames(tree).some((name) => path === name || path.startsWith(`${name}/`));

/** Their paths. */
export const keptPaths = (tree: CopiedTree): string[] =>
  keptNames(tree).map((name) => `${tree.root}/${name}`);

/** Arguments of find that pass over them: what is done with all else is to follow. */
export const passedOver = (tree: CopiedTree): string[] => {
  const paths = keptPaths(tree).flatMap((path, index) => [...(index > 0 ? ['-o'] : []), '-path', path]);
  return ['(', ...paths, ')', '-prune', '-o'];
};

/** Whether a folder has no entry that is copied. Reads as few names as tell. */
export function holdsNothing(tree: CopiedTree): boolean {
  const kept = keptNames(tree);
  using entries = opendirSync(tree.root);
  for (let entry = entries.readSync(); entry; entry = entries.readSync())
    if (!kept.includes(entry.name)) return false;
  return true;
}

/** All that is compared of a folder. */
export function treeAt(tree: CopiedTree, filters: readonly FilterRule[] = []): Tree {
  const [kept, isFiltered] = [keptNames(tree), filterOf(filters)];
  return {
    root: tree.root,
    leavesOut: (path, isFolder) => kept.includes(path) || isFiltered(path, isFolder),
  };
}
