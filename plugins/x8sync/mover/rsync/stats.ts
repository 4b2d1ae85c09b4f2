/** The statistics that rsync prints with --info=stats2. */

export type Counts = Record<string, number>;

/** What one line of them tells. */
type Reader = (line: string, number: number) => Counts;

const readers: readonly (readonly [start: string, read: Reader])[] = [
  [
    'Number of files: ',
    (line, entries) => ({
      entries,
      files: kind(line, 'reg'),
      dirs: kind(line, 'dir'),
      links: kind(line, 'link'),
      specials: kind(line, 'special') + kind(line, 'dev'),
    }),
  ],
  [
    'Number of created files: ',
    (line, createdEntries) => ({ createdEntries, createdFiles: kind(line, 'reg') }),
  ],
  ['Number of regular files transferred: ', (_, transferredFiles) => ({ transferredFiles })],
  ['Total file size: ', (_, totalBytes) => ({ totalBytes })],
  ['Total transferred file size: ', (_, transferredBytes) => ({ transferredBytes })],
  ['Literal data: ', (_, literalBytes) => ({ literalBytes })],
  ['Matched data: ', (_, matchedBytes) => ({ matchedBytes })],
  ['Total bytes received: ', (_, receivedBytes) => ({ receivedBytes })],
];

/** The figures of one line, or undefined where it is none of the statistics. */
export function parseStats(line: string): Counts | undefined {
  for (const [start, read] of readers) {
    if (!line.startsWith(start)) continue;
    const [, digits] = /^(\d+)/.exec(line.slice(start.length)) ?? [];
    return digits === undefined ? undefined : read(line, Number(digits));
  }
  return undefined;
}

/**
 * The figures without files whose content was sent and could not be put in its place, which rsync counts too. So it does
 * with a file that it sent twice, since the first time did not come to what was read: that one counts once.
 */
export function deliveredOf(stats: Counts, { undelivered }: { readonly undelivered: number }): Counts {
  const { transferredFiles, files = Number.POSITIVE_INFINITY } = stats;
  if (transferredFiles === undefined) return stats;
  const { transferredBytes = 0, totalBytes = Number.POSITIVE_INFINITY } = stats;
  // What was sent, and what was there of it: a file that could not be opened is in neither. A dry run sends nothing.
  const { literalBytes = 0, matchedBytes = 0 } = stats;
  const came = (undelivered > 0 && literalBytes + matchedBytes) || Number.POSITIVE_INFINITY;
  return {
    ...stats,
    transferredFiles: Math.min(Math.max(0, transferredFiles - undelivered), files),
    ...('transferredBytes' in stats && { transferredBytes: Math.min(transferredBytes, came, totalBytes) }),
  };
}

/** `Number of files: 5 (reg: 3, dir: 2)` → of a kind; 0 where it is not named. */
function kind(line: string, name: string): number {
  const [, digits = '0'] = new RegExp(`[( ]${name}: (\\d+)`).exec(line) ?? [];
  return Number(digits);
}
