/** The manifest of the source's tree, as the target's mover asks for it. */

import { ManifestWriter } from '../manifest/entry.ts';
import { manifestOf } from '../manifest/walk.ts';
import type { Paths } from '../system/paths.ts';
import type { FilterRule } from '../volume/filters.ts';
import { sourceTree, treeAt } from '../volume/tree.ts';

/** Its lines, some at once; the last one says that it is whole. */
export async function* manifestText(paths: Paths, filters: readonly FilterRule[]): AsyncGenerator<string> {
  const writer = new ManifestWriter();
  for await (const batch of manifestOf(treeAt(sourceTree(paths), filters)))
    yield batch.map((entry) => writer.line(entry)).join('');
  yield writer.end();
}
