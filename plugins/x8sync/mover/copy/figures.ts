/** Figures that contradict each other: a copy that reports such is a defect, and must not count as done. */
import type { Counts } from '../rsync/stats.ts';

/** Of two figures, the first can't be more than the second. */
const bounds = [
  ['transferredFiles', 'files'],
  ['createdFiles', 'files'],
  ['createdEntries', 'entries'],
  ['files', 'entries'],
  ['transferredBytes', 'totalBytes'],
] as const;

/** What contradicts itself, in words; undefined where nothing does. */
export function contradictionIn(stats: Counts): string | undefined {
  const negative = Object.entries(stats).find(([, value]) => !(value >= 0));
  if (negative) return `${negative[0]} is ${negative[1]}`;
  for (const [part, whole] of bounds) {
    const [less, more] = [stats[part], stats[whole]];
    if (less !== undefined && more !== undefined && less > more)
      return `${part} is ${less} of ${more} ${whole}`;
  }
  return undefined;
}

/**
 * The figures of the closing pass, with those of the streams before it, which rsync's last run knows nothing of. What
 * two of them made at the same time, and what changed in between and came twice, counts once.
 *
 * @param isItemized the closing pass has counted what it changed; else all of the tree counts as changed.
 */
export function withStreams(closing: Counts, streams: Counts, isItemized: boolean): Counts {
  const { files = 0, entries = 0, totalBytes = 0, changes = 0, transferredBytes = 0 } = closing;
  const sum = (name: string, most = Number.POSITIVE_INFINITY): number =>
    Math.min((closing[name] ?? 0) + (streams[name] ?? 0), most);
  const folders = (streams.createdEntries ?? 0) - (streams.createdFiles ?? 0);
  const changed = Math.min(changes + (streams.transferredFiles ?? 0) + folders, entries);
  return {
    ...closing,
    transferredFiles: sum('transferredFiles', files),
    createdFiles: sum('createdFiles', files),
    createdEntries: sum('createdEntries', entries),
    // The closing pass was told what the streams had brought, and has added it.
    transferredBytes: Math.min(transferredBytes, totalBytes),
    literalBytes: sum('literalBytes'),
    matchedBytes: sum('matchedBytes'),
    receivedBytes: sum('receivedBytes'),
    ...(isItemized ? { changes: changed } : {}),
  };
}
