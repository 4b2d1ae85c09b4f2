/** Brings a file or link back from the trash. */
import { chmodSync, copyFileSync, lstatSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { machine } from '../../../../src/machine.ts';
import { emptyDirectory } from '../../reconcile/entry.ts';
import { splitPath } from '../../reconcile/tree.ts';
import type { TrashItem } from '../endpoint.ts';
import { Descent } from '../files/folder.ts';
import { partsOf } from '../files/names.ts';
import { digestLarge } from '../scan/digest.ts';
import { backUp } from '../trash/backup.ts';
import { apply } from './apply.ts';
import type { ApplyContext } from './file-operations.ts';

/**
 * Puts an item back to where it was; what is there now goes into the trash.
 *
 * @param beginOperation names the operation in the trash. @throws where a directory is at its path.
 */
export async function restoreItem(
  context: ApplyContext,
  item: Pick<TrashItem, 'operation' | 'path'>,
  beginOperation: () => void,
): Promise<void> {
  const { root: rootPath, staging, trash } = context;
  const [parent, name] = splitPath(item.path);
  const parts = partsOf(parent, machine.platform);
  // Directories that are gone are made again, like those around them: a person asks for what was here.
  const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  await apply(
    { ...context, refusesRepositories: false },
    above.map((path) => ({ path, old: undefined, new: emptyDirectory })),
  );
  using descent = new Descent(rootPath, context.foldsNames);
  const folder = descent.to(parent);
  const now = lstatSync(folder.at(name), { throwIfNoEntry: false });
  if (now?.isDirectory()) throw new Error(`${item.path} is a directory now`);
  try {
    const copy = staging.scratch();
    trash.use(item, (file) => copyLeaf(file, copy));
    beginOperation();
    const isInPlace = now?.isFile() && lstatSync(copy).isFile() && context.isInPlace(item.path);
    if (isInPlace) await overwrite(item.path, folder.at(name), copy, context);
    else {
      using backup = now && backUp(folder.at(name), item.path, now, trash, context.operations);
      renameSync(copy, folder.at(name));
      await backup?.finish(context.clock);
    }
  } finally {
    staging.release(false);
  }
}

/** Makes the file that is there now what a copy is. */
async function overwrite(path: string, at: string, copy: string, context: ApplyContext): Promise<void> {
  const stats = lstatSync(at);
  const digests = { old: await digestLarge(at), new: await digestLarge(copy) };
  const keep = () => context.trash.copy(at, path);
  await context.inPlace.write({ path, at, stats, digests, incoming: copy, keep, modified: undefined });
}

/** Copies a link as a link: what it leads to is not what was in the trash. */
function copyLeaf(from: string, to: string): void {
  const stats = lstatSync(from);
  if (stats.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
    return;
  }
  copyFileSync(from, to);
  chmodSync(to, stats.mode & 0o777);
}
