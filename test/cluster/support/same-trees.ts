/** Expects what tree.ts tells; a file of its own, since the demo reads trees as well, without jest. */
import { expect } from '@jest/globals';
import { differences, treeOf } from './tree.ts';

/** Where a tree is: the scene, the context and the claim. */
type TreePlace = Parameters<typeof treeOf>;

/** Expects two claims to have the same files, with all that a file is. */
export async function expectSameTrees(from: TreePlace, to: TreePlace): Promise<void> {
  const trees = await Promise.all([treeOf(...from), treeOf(...to)]);
  expect(differences(...trees)).toEqual([]);
}
