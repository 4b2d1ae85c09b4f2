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

/** More than half. */
export const isMost = (part: number, all: number): boolean => part * 2 > all;
