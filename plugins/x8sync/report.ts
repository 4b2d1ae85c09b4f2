/** A copy's result in words, the most important first. */
import { formatBytes, formatCount, formatDuration, formatPlural, formatRate } from '../../src/ui/format.ts';
import type { CopyResult } from './request.ts';

/** The summary that a person reads at the end. */
export function summaryOf(result: CopyResult): string {
  const lines = result.mode === 'dry-run' ? dryRunLines(result) : copyLines(result);
  return lines.join('\n');
}

function copyLines(result: CopyResult): string[] {
  const { stats, seconds, source, target, task } = result;
  const { transferredBytes, transferredFiles, files } = stats;
  const rate =
    seconds > 0 && transferredBytes > 0 ? `, ${formatRate(transferredBytes / seconds)} over all` : '';
  const rest = result.outcome === 'ok' && transferredFiles > 0 && transferredFiles < files;
  return [
    `${headline(result)} ${source} → ${target} in ${formatDuration(seconds * 1000)}${rate}`,
    `  files        ${formatCount(transferredFiles)} of ${formatCount(files)} copied, ${formatBytes(transferredBytes)} of ${formatBytes(stats.totalBytes)}`,
    ...(rest ? ['               the others are hard links or were there already'] : []),
    `  entries      ${formatCount(stats.entries)} with directories and links, ${formatCount(stats.createdEntries)} of them new`,
    ...extraneousLine(result),
    ...lossLine(result),
    `  task         ${task}`,
  ];
}

function headline({ outcome, lost, stats }: CopyResult): string {
  if (outcome !== 'ok') return 'Copied in part:';
  if (lost.length > 0) return 'Copied with losses:';
  return stats.transferredFiles === 0 && stats.createdEntries === 0 ? 'Already the same:' : 'Copied:';
}

function extraneousLine({ stats, mode }: CopyResult): string[] {
  if (stats.extraneous === 0 || mode === 'force') return [];
  return [`  kept         ${formatPlural(stats.extraneous, 'entry', 'entries')} that only the target has`];
}

function lossLine({ lost }: CopyResult): string[] {
  return lost.length === 0 ? [] : [`  not kept     ${lost.join(', ')}`];
}

function dryRunLines(result: CopyResult): string[] {
  const { stats, changes, source, target } = result;
  const more = stats.changes - changes.length;
  return [
    `Dry run: ${source} → ${target}, nothing was changed`,
    ...changes.map((change) => `  ${change}`),
    ...(more > 0 && changes.length > 0 ? [`  … and ${formatCount(more)} more`] : []),
    `  would change ${formatPlural(stats.changes, 'entry', 'entries')} of ${formatCount(stats.entries)}, ${formatCount(stats.createdEntries)} of them new (${formatBytes(stats.transferredBytes)} to copy)`,
    ...extraneousLine(result),
  ];
}
