/** A copy's result in words, the most important first. */
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPlural,
  formatRate,
} from '../../../../src/ui/format.ts';
import type { Loss } from '../../mover/protocol/losses.ts';
import { emptiesTarget, isDryRun } from '../../mover/protocol/options.ts';
import type { CopyResult } from '../request/request.ts';
import { deviceLines } from './device-report.ts';
import { shownName } from './shown-name.ts';
import { comparisonLines, verificationLines } from './verification.ts';

/** Names in one line. */
const shownNames = 5;

/** The summary that a person reads at the end. */
export function summaryOf(result: CopyResult): string {
  const { snapshot } = result;
  const lines = [
    ...linesOf(result),
    ...usersLine(result),
    ...(snapshot ? [`  source       ${snapshotTitle(snapshot)}`] : []),
  ];
  return lines.join('\n');
}

/** What was read in the source's place. */
export function snapshotTitle({ method, takenAt }: NonNullable<CopyResult['snapshot']>): string {
  const what = method === 'snapshot' ? 'Snapshot' : 'Clone';
  return `${what} of the source${takenAt === undefined ? '' : `, as it was at ${takenAt}`}`;
}

function linesOf(result: CopyResult): string[] {
  const { mode, device } = result;
  if (mode === 'verify') return comparisonLines(result);
  if (device) return deviceLines(result, device);
  return isDryRun(mode) ? dryRunLines(result) : copyLines(result);
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
    ...(rest
      ? [`               the others are hard links or were there already, by ${result.compared}`]
      : []),
    `  entries      ${formatCount(stats.entries)} with directories and links, ${formatCount(stats.createdEntries)} of them new`,
    ...streamsLine(result),
    ...attributesLine(result),
    ...comparedLine(result),
    ...deletedLine(result),
    ...extraneousLine(result),
    ...lossLine(result),
    ...verificationLines(result),
    `  task         ${task}`,
  ];
}

function headline({ outcome, lost, stats, compared, targetUsers = [] }: CopyResult): string {
  if (outcome === 'differs') return 'Copied, and not the same:';
  if (targetUsers.length > 0) return 'Copied while others wrote to the target:';
  if (outcome !== 'ok') return 'Copied in part:';
  if (lost.length > 0) return 'Copied with losses:';
  // The root is an entry itself.
  if (stats.entries <= 1) return 'Nothing to copy:';
  if (stats.transferredFiles > 0 || stats.createdEntries > 0) return 'Copied:';
  if (stats.removed > 0) return 'Deleted:';
  return stats.changes > 0 ? 'Attributes copied:' : `Already the same by ${compared}:`;
}

/** Who copied, where that was more than one stream. */
function streamsLine({ streams }: CopyResult): string[] {
  if (!streams || streams.parallelism === 1) return [];
  const { parallelism, partitions, files, why, pods } = streams;
  const cut = `${formatPlural(partitions, 'partition')} with ${formatPlural(files, 'file')}`;
  const missing = pods.asked > pods.copied ? ` of the ${pods.asked} that were to` : '';
  return [
    `  streams      ${parallelism}, in ${cut}: ${why}`,
    ...(pods.asked > 1 ? [`  pods         ${pods.copied}${missing} copied: ${pods.why}`] : []),
  ];
}

/** Modes, owners, times and attributes are compared in any case. */
function attributesLine({ stats: { attributes } }: CopyResult): string[] {
  if (attributes === 0) return [];
  return [
    `  attributes   ${formatPlural(attributes, 'entry', 'entries')} differed in mode, owner, time or attributes only`,
  ];
}

/** What was looked at to leave files as they are, where there were such. */
function comparedLine({ stats, compared }: CopyResult): string[] {
  if (stats.transferredFiles >= stats.files) return [];
  return compared === 'content'
    ? ['  compared     the content of all files']
    : ['  compared     size and time; content of files with equal ones was not read (--checksum reads it)'];
}

/** What --delete has taken from the target. */
function deletedLine({ stats, mode }: CopyResult): string[] {
  if (stats.removed === 0 || emptiesTarget(mode)) return [];
  return [`  deleted      ${formatPlural(stats.removed, 'entry', 'entries')} that only the target had`];
}

function extraneousLine({ stats, mode, filtered = false }: CopyResult): string[] {
  const { extraneous } = stats;
  // Of what was not counted nothing is said.
  if (extraneous === undefined || extraneous === 0 || emptiesTarget(mode)) return [];
  const kept = formatPlural(extraneous, 'entry', 'entries');
  if (filtered)
    return [`  kept         ${kept} that the target has, and that were not copied or are left out`];
  return [`  kept         ${kept} that only the target has`];
}

function lossLine({ lost, losses = [] }: CopyResult): string[] {
  if (lost.length === 0) return [];
  return [`  not kept     ${lost.join(', ')}`, ...losses.map((loss) => `               ${lossText(loss)}`)];
}

function lossText({ kind, count, names }: Loss): string {
  const shown = names.slice(0, shownNames).map(shownName).join(', ');
  return `${kind} of ${formatPlural(count, 'entry', 'entries')}: ${shown}${count > shownNames ? ', …' : ''}`;
}

/** Who else wrote to the target meanwhile. */
function usersLine({ targetUsers = [] }: CopyResult): string[] {
  return targetUsers.length > 0 ? [`  in use by    pod ${targetUsers.join(', ')}, since then`] : [];
}

/** What a copy could not put in its place. */
function obstructedLine({ stats: { obstructed = 0 }, failures }: CopyResult): string[] {
  if (obstructed === 0) return [];
  const shown = failures.slice(0, shownNames).map(shownName).join(', ');
  const names = `${shown}${obstructed > shownNames ? ', …' : ''}`;
  const count = formatPlural(obstructed, 'entry', 'entries');
  return [`  would miss   ${count}, in whose places folders stand that are not empty: ${names}`];
}

function dryRunLines(result: CopyResult): string[] {
  const { stats, changes, source, target } = result;
  const losses = (result.losses ?? []).map((loss) => `  would lose   ${lossText(loss)}`);
  const more = stats.removed + stats.changes - changes.length;
  return [
    `Dry run: ${source} → ${target}, nothing was changed`,
    ...changes.map((change) => `  ${shownName(change)}`),
    ...(more > 0 && changes.length > 0 ? [`  … and ${formatCount(more)} more`] : []),
    ...(emptiesTarget(result.mode)
      ? [`  would remove ${formatPlural(stats.removed, 'entry', 'entries')} first: all that the target has`]
      : []),
    ...(stats.removed > 0 && !emptiesTarget(result.mode)
      ? [`  would delete ${formatPlural(stats.removed, 'entry', 'entries')} that only the target has`]
      : []),
    `  would change ${formatPlural(stats.changes, 'entry', 'entries')} of ${formatCount(stats.entries)}, ${formatCount(stats.createdEntries)} of them new (${formatBytes(stats.transferredBytes)} to copy)`,
    ...attributesLine(result),
    ...comparedLine(result),
    ...extraneousLine(result),
    ...obstructedLine(result),
    ...losses,
  ];
}
