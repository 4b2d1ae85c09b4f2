/**
 * Source and target must have nothing in common: a copy within one tree overwrites what it reads, and a forced one
 * empties it first. Where the mounts of the two volumes do not decide it (network file systems, FUSE), marks
 * do: one in the staging folder is looked for in the whole source, and folders of the target that look like
 * the source's root get one that the source is asked for. Both looks read names only; rsync reads each entry as well.
 */
import { randomUUID } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MoverExit } from '../access/exit.ts';
import type { Source } from '../access/source.ts';
import type { StagingFolder } from '../access/staging.ts';
import type { RootSample } from '../protocol/queries.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { runLines } from '../system/programs.ts';
import { timeKept } from '../system/times.ts';
import { locationOf } from '../volume/volume-location.ts';
import { type Relation, relationOf } from './relation.ts';

type Asked = Pick<Source, 'location' | 'find' | 'sees' | 'root'>;

/** Before anything at all is made in the target. @throws MoverExit where the mounts show that the two overlap. */
export function requireSeparateLocations(source: Asked, { paths }: Runtime): Relation {
  const relation = relationOf(source.location, locationOf(paths.target));
  refuse(relation);
  return relation;
}

/** With the staging folder in the target, and before anything else is touched. @throws MoverExit; the folder is gone then. */
export async function requireSeparateTrees(
  source: Asked,
  staging: StagingFolder,
  runtime: Runtime,
): Promise<void> {
  try {
    refuse(await relationByMarks(source, staging, runtime));
  } catch (error) {
    await staging.abandon();
    throw error;
  }
}

function refuse(relation: Relation): void {
  const what = words[relation];
  if (what === undefined) return;
  throw new MoverExit('refused', `${what}; nothing was touched`);
}

const words: Readonly<Partial<Record<Relation, string>>> = {
  same: 'source and target are the same volume',
  'source in target': 'the source lies inside the target: a copy would overwrite what it reads',
  'target in source': 'the target lies inside the source: a copy would overwrite what it reads',
};

async function relationByMarks(source: Asked, staging: StagingFolder, runtime: Runtime): Promise<Relation> {
  const mark = `mark-${randomUUID()}`;
  const path = join(staging.path, mark);
  await writeFile(path, '', { mode: 0o600 });
  try {
    const found = await source.find(mark);
    if (found !== '') return found === join(staging.name, mark) ? 'same' : 'target in source';
  } finally {
    await rm(path, { force: true });
  }
  return (await holdsSource(source, mark, runtime)) ? 'source in target' : 'apart';
}

/** Whether a folder of the target is the source's root. */
async function holdsSource(source: Asked, mark: string, { paths, signal }: Runtime): Promise<boolean> {
  const look = await source.root();
  // An empty source looks like any other empty folder, and nothing of it can be overwritten.
  if (look.names.length === 0) return false;
  for (const candidate of await foldersLike(look, paths.target, signal))
    if (await isSourceRoot(source, candidate, mark)) return true;
  return false;
}

async function isSourceRoot(source: Asked, folder: string, mark: string): Promise<boolean> {
  const name = `.x8sync-${mark}`;
  return timeKept(folder, async () => {
    try {
      await writeFile(join(folder, name), '', { mode: 0o600 });
    } catch {
      const text = `${folder} has the names that the source's root has, and can't be written: whether it is the source can't be told`;
      throw new MoverExit('refused', text);
    }
    try {
      return await source.sees(name);
    } finally {
      await rm(join(folder, name), { force: true });
    }
  });
}

/** Folders of a tree that have all of these names, and are not its root. */
async function foldersLike(
  { names }: RootSample,
  tree: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [first = ''] = names;
  const found: string[] = [];
  const args = [tree, '-mindepth', '2', '-name', globFree(first), '-printf', '%h\n'];
  await runLines('find', args, (folder) => found.push(folder), { signal });
  const has = (folder: string) => (name: string) =>
    lstatSync(join(folder, name), { throwIfNoEntry: false }) !== undefined;
  return found.filter((folder) => names.every(has(folder)));
}

/** A name as a pattern that means just this name. */
const globFree = (name: string): string => name.replace(/[[\]*?\\]/g, '\\$&');
