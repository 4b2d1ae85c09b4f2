/** Which part of a volume is copied and compared. */
import type { Tree } from './manifest/walk.ts';
import { stagingName } from './paths.ts';

/** In a volume's root: what file systems and movers keep there for themselves. */
const keptNames: readonly string[] = ['lost+found', stagingName];

/** All that is copied of the volume at this path. */
export function treeAt(root: string): Tree {
  return { root, leavesOut: (path) => keptNames.includes(path) };
}
