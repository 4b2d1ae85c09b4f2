/** Answers queries about the source's volume: all that the client's key may do beside reading the one tree. */
import { lstatSync, openSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type OwnFolder,
  type OwnLostFound,
  parseFolder,
  parseQuery,
  type Query,
  type Usage,
} from '../protocol/queries.ts';
import { busyness } from '../system/busyness.ts';
import { type Paths, stagingName } from '../system/paths.ts';
import { diskOf } from '../volume/disk.ts';
import { realSubfolder } from '../volume/subfolder.ts';
import { type CopiedTree, holdsNothing, lostFoundName, sourceTree } from '../volume/tree.ts';
import { locationOf } from '../volume/volume-location.ts';
import { knownSizes, lookAtSizes } from './sizes.ts';
import { exactUsage, findEntry, losses, lostEntries, rootSample, survey } from './walk.ts';

/** The exit code where a client asked for something that is no query. */
export const refusedCode = 77;
export const refusal = 'x8s-mover: refused: this key may only read the volume';

/** The answer to what a client asked for, or undefined where that is no query, or has a long answer. */
export async function answer(asked: string, paths: Paths): Promise<string | undefined> {
  const { folder, query } = parseFolder(asked);
  const parsed = parseQuery(query);
  if (!parsed || isLong(parsed)) return undefined;
  const within = pathsOf(folder, paths);
  return parsed.kind === 'path' ? line(within.folder) : answerTo(parsed, within.paths);
}

/** The paths with a folder of the volume in its place, and the folder's real one. @throws NoSubfolder */
function pathsOf(folder: string, paths: Paths): { readonly paths: Paths; readonly folder: string } {
  if (folder === '') return { paths, folder };
  const real = realSubfolder(paths.source, folder);
  // What the source's side has noted is about all of the volume.
  const source = join(paths.source, real);
  return { paths: { ...paths, source, isWholeSource: real === '', serve: '' }, folder: real };
}

type LongKind = 'manifest' | 'range' | 'digests' | 'blocks';
type LongQuery = Extract<Query, { readonly kind: LongKind }>;
/** One whose answer is a line. */
type ShortQuery = Exclude<Query, { readonly kind: LongKind | 'path' }>;

const longKinds: readonly Query['kind'][] = ['manifest', 'range', 'digests', 'blocks'] satisfies LongKind[];
const isLong = (query: Query): query is LongQuery => longKinds.includes(query.kind);

type LongAnswer = AsyncIterable<string | Buffer> | Iterable<Buffer>;

/** The answer to a query that takes long, piece by piece; undefined where that is none of those. */
export async function longAnswer(asked: string, paths: Paths): Promise<LongAnswer | undefined> {
  const { folder, query } = parseFolder(asked);
  const parsed = parseQuery(query);
  if (!parsed || !isLong(parsed)) return undefined;
  const within = pathsOf(folder, paths).paths;
  // Each kind loads what it needs, here and below: most queries are over before all of it had been loaded.
  switch (parsed.kind) {
    case 'range': {
      const { rangeData } = await import('../ranges/extents.ts');
      return rangeData(within.source, parsed.path, parsed.range);
    }
    case 'manifest': {
      const { manifestText } = await import('./manifest.ts');
      return manifestText(within, parsed.filters);
    }
    case 'digests': {
      const { recordsOf } = await import('../device/blocks.ts');
      const { readDevice } = await import('../device/device.ts');
      return recordsOf(readDevice(paths.sourceDevice, parsed.part));
    }
    case 'blocks': {
      const { dataOf } = await import('../ranges/extents.ts');
      return dataOf(openSync(paths.sourceDevice, 'r'), parsed.range);
    }
  }
}

async function answerTo(query: ShortQuery, paths: Paths): Promise<string> {
  switch (query.kind) {
    case 'usage':
      return line(await usage(paths));
    case 'exactUsage':
      return line(await exactUsage(sourceTree(paths)));
    case 'sample': {
      const { compressedShare } = await import('./sample.ts');
      return line(await compressedShare(sourceTree(paths)));
    }
    case 'root':
      return line(rootSample(paths.source));
    case 'losses':
      return line(await losses(sourceTree(paths), query.limits));
    case 'collisions': {
      const { findCollisions } = await import('./collisions.ts');
      return line(findCollisions(sourceTree(paths), query.folding));
    }
    case 'find':
      return findEntry(paths.source, query.mark);
    case 'sees':
      return lstatSync(join(paths.source, query.mark), { throwIfNoEntry: false }) ? 'yes' : 'no';
    case 'layout': {
      const { layoutOf } = await import('../ranges/extents.ts');
      return line(layoutOf(paths.source, query.path));
    }
    case 'device': {
      const { deviceInfo } = await import('../device/device.ts');
      return line(deviceInfo(paths.sourceDevice));
    }
    case 'survey':
      return line(await survey(sourceTree(paths), query.uid, query.gids));
  }
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

async function usage(paths: Paths): Promise<Usage> {
  const { source } = paths;
  const tree = sourceTree(paths);
  const [disk, lostFound] = await Promise.all([diskOf(source), lostEntries(tree)]);
  const { usedBytes, usedInodes, sizeBytes, inodes } = disk;
  const known = {
    holdsNothing: holdsNothing(tree),
    ownLostFound: ownLostFound(tree),
    ownFolder: ownFolder(source),
    // Of a folder nothing was noted beforehand.
    sizes: (paths.serve === '' ? await lookAtSizes(paths) : knownSizes(paths)) ?? null,
    location: locationOf(source),
    processors: availableParallelism(),
    busyness: busyness(),
  };
  return { usedBytes, usedInodes, sizeBytes, sizeInodes: inodes, lostFound, ...known };
}

function ownLostFound({ root, isWholeVolume }: CopiedTree): OwnLostFound {
  if (isWholeVolume) return 'none';
  const found = lstatSync(join(root, lostFoundName), { throwIfNoEntry: false });
  if (!found) return 'none';
  return found.isDirectory() ? 'folder' : 'other';
}

function ownFolder(source: string): OwnFolder {
  if (!lstatSync(`${source}/${stagingName}`, { throwIfNoEntry: false })) return 'none';
  try {
    const mark = readFileSync(`${source}/${stagingName}/state`, 'utf8');
    return mark.startsWith('x8sync ') ? 'mover' : 'other';
  } catch {
    // No mark, or none that may be read: nobody can say that it is a mover's.
    return 'other';
  }
}
