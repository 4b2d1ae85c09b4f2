/** What only the target has goes, where that was asked for, and not without a brake. */

import { isThrough, MoverExit } from '../access/exit.ts';
import type { SourceRsync } from '../access/source-rsync.ts';
import type { StagingFolder } from '../access/staging.ts';
import type { Deletes } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { countTarget } from './unprivileged-losses.ts';

interface Parts {
  readonly runtime: Runtime;
  readonly rsync: Pick<SourceRsync, 'countDeletions'>;
  readonly staging: StagingFolder;
}

/**
 * How many entries the copy may delete. A wrong source, or one that is half mounted, would take most of the target
 * along: more than half of it goes only where a person has said so.
 *
 * @throws MoverExit where more than that would go, with the target as it was.
 */
export async function deletionLimit(
  deletes: Exclude<Deletes, 'nothing'>,
  { runtime, rsync, staging }: Parts,
): Promise<number> {
  if (deletes === 'all') return Number.POSITIVE_INFINITY;
  const { paths, signal } = runtime;
  const [{ code, stats }, there] = await Promise.all([rsync.countDeletions(), countTarget(paths, signal)]);
  if (!isThrough(code)) throw new MoverExit('source-failed', 'what would be deleted could not be listed');
  // The root is no entry that could go.
  const [going, all] = [stats.extraneous ?? 0, there - 1];
  if (!isMost(going, all)) return Math.floor(all / 2);
  await staging.abandon();
  throw new MoverExit('too-many-deletions', `${going} of the target's ${all} entries would be deleted`);
}

/**
 * Counts what only the target has before the first byte: afterwards it can't be told from what came with this copy and
 * has gone from the source since.
 *
 * @returns 0; undefined where it can't be counted, since not all of the source can be listed.
 * @throws MoverExit where there is some, with the target as it was.
 */
export async function requireNothingElse({
  rsync,
  staging,
}: Pick<Parts, 'rsync' | 'staging'>): Promise<0 | undefined> {
  const { code, stats } = await rsync.countDeletions();
  if (!isThrough(code)) throw new MoverExit('source-failed', 'what only the target has could not be listed');
  // rsync lists nothing to delete once it could not read a folder of the source.
  if (!listsDeletions(code)) return undefined;
  const { extraneous: own = 0 } = stats;
  if (own === 0) return 0;
  await staging.abandon();
  throw new MoverExit('has-more', `the target has ${own} entries that the source does not have`);
}

/** Whether a run of rsync that ended so has listed all that there was to delete. */
export const listsDeletions = (code: number): boolean => code === 0 || code === 24;

/** More than half. */
export const isMost = (part: number, all: number): boolean => part * 2 > all;
