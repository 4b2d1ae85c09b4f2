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
