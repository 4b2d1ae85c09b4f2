/** What a short look found of the sizes of the source's files, kept for queries. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Sizes } from '../protocol/queries.ts';
import { sourceFiles } from '../ssh/sshd-config.ts';
import type { Paths } from '../system/paths.ts';
import { sourceTree } from '../volume/tree.ts';
import { measureSizes } from './walk.ts';

/** How long the sizes of files are looked at, while a client is still on its way. */
const lookMs = 2000;

/** A short look at the sizes of files now; undefined where there is not time enough. */
export const lookAtSizes = (paths: Paths): Promise<Sizes | undefined> =>
  measureSizes(sourceTree(paths), lookMs);

/** Saves what is known of the sizes of files; nothing where there is not time enough. */
export async function saveSizes(paths: Paths): Promise<void> {
  const sizes = await lookAtSizes(paths);
  if (!sizes) return;
  const path = sourceFiles(paths).sizes;
  mkdirSync(paths.serve, { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify(sizes));
  renameSync(`${path}.new`, path);
}

/** What is known of them by now; undefined where that is nothing yet. */
export function knownSizes(paths: Paths): Sizes | undefined {
  try {
    return JSON.parse(readFileSync(sourceFiles(paths).sizes, 'utf8')) as Sizes;
  } catch {
    return undefined;
  }
}
