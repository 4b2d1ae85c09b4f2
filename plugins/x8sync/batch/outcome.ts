/** What many copies came to, in words and as an error. */
import { ExitCode, IncompleteError, X8sError } from '../../../src/errors.ts';
import { formatBytes, formatCount, formatPlural } from '../../../src/ui/format.ts';
import type { CopyResult } from '../run/request/request.ts';
import { usersText } from '../run/results/copy-end.ts';
import { deviceTitle } from '../run/results/device-report.ts';

/** Hints of failures in one line. */
const mostHints = 3;

/** What became of one. */
export interface BatchEntry {
  readonly label: string;
  /**
   * `incomplete` where files are missing, something could not be kept, or the two differ; `skipped` where an earlier run
   * has copied all of it under the same name.
   */
  readonly outcome: 'copied' | 'incomplete' | 'failed' | 'skipped';
  /** Why it was skipped. */
  readonly message?: string;
  readonly result?: CopyResult;
  readonly error?: X8sError;
}

/** True where all of it is at the target as it is at the source. */
export const isThrough = ({ outcome, lost }: CopyResult): boolean => outcome === 'ok' && lost.length === 0;

/** One line on what one copy did. */
export function titleOf(result: CopyResult): string {
  const { stats, verification, outcome, lost, device, mode, targetUsers = [] } = result;
  const figures = device
    ? deviceTitle(device, mode)
    : `${formatCount(stats.transferredFiles)} of ${formatPlural(stats.files, 'file')}, ${formatBytes(stats.transferredBytes)}`;
  const differ = verification ? `; ${formatCount(verification.different)} differences` : '';
  const losses = lost.length > 0 ? `; not kept: ${lost.join(', ')}` : '';
  const users = targetUsers.length > 0 ? `; ${usersText(targetUsers)}` : '';
  // Where others wrote as well is what there is to say, all may have been copied.
  const isAll = outcome === 'ok' || outcome === 'differs' || targetUsers.length > 0;
  return `${isAll ? figures : `${figures}, not all`}${differ}${losses}${users}`;
}

/** The summary at the end: figures first, then each that is not whole. */
export function describeBatch(entries: readonly BatchEntry[]): string {
  const of = (outcome: BatchEntry['outcome']) => entries.filter((entry) => entry.outcome === outcome);
  const counts = [`${formatCount(of('copied').length)} of ${formatPlural(entries.length, 'claim')} copied`];
  if (of('skipped').length > 0) counts.push(`${formatCount(of('skipped').length)} copied before`);
  if (of('incomplete').length > 0) counts.push(`${formatCount(of('incomplete').length)} not wholly`);
  if (of('failed').length > 0) counts.push(`${formatCount(of('failed').length)} failed`);
  return [counts.join(', '), ...entries.map((entry) => `  ${lineOf(entry)}`)].join('\n');
}

function lineOf({ label, outcome, result, error, message = '' }: BatchEntry): string {
  const what = result ? titleOf(result) : (error?.message ?? message);
  return `${outcome.padEnd(10)} ${label}: ${what}`;
}

/** The document of `-o json`, an entry for each pair. */
export function documentOf(entries: readonly BatchEntry[]): Record<string, unknown> {
  return {
    copies: entries.map(({ label, outcome, result, error, message }) => {
      const [source = '', target = ''] = label.split(' → ');
      const failure = error && {
        error: { message: error.message, details: error.details, hint: error.hint },
      };
      const why = message === undefined ? {} : { message };
      return { source, target, ...result, outcome, ...why, ...failure };
    }),
    copied: entries.filter(({ outcome }) => outcome === 'copied').length,
    incomplete: entries.filter(({ outcome }) => outcome === 'incomplete').length,
    failed: entries.filter(({ outcome }) => outcome === 'failed').length,
    skipped: entries.filter(({ outcome }) => outcome === 'skipped').length,
  };
}

/**
 * Undefined where all is well. Exit code 5 where something was copied, now or before, and other things were not; where
 * nothing was, the one that all of them failed with, or 1.
 */
export function batchError(entries: readonly BatchEntry[]): X8sError | undefined {
  const bad = entries.filter(({ outcome }) => outcome !== 'copied' && outcome !== 'skipped');
  if (bad.length === 0) return undefined;
  const details = bad.map(
    ({ label, error, result }) => `${label}: ${error?.message ?? result?.message ?? ''}`,
  );
  const more = { details, hint: hintOf(bad) };
  const all = formatPlural(entries.length, 'claim');
  if (entries.some(({ outcome }) => outcome !== 'failed'))
    return new IncompleteError(`${formatCount(bad.length)} of ${all} could not be copied wholly`, more);
  const message = entries.length === 1 ? 'the claim was not copied' : `none of ${all} was copied`;
  const codes = new Set(entries.map(({ error }) => error?.exitCode));
  const [code] = codes;
  const one = codes.size === 1 && code !== undefined ? code : ExitCode.failed;
  return Object.defineProperty(new X8sError(message, more), 'exitCode', { value: one });
}

/** What the failures themselves advise comes first: without that the same command fails again. */
function hintOf(bad: readonly BatchEntry[]): string {
  const again = 'the same command copies what is missing: what is there already is skipped';
  const own = [...new Set(bad.flatMap(({ error }) => error?.hint ?? []))];
  const shown = own.slice(0, mostHints);
  const rest = own.length > mostHints ? ['-o json shows the hints of the others'] : [];
  return own.length === 0 ? again : [...shown, ...rest, `once that is done, ${again}`].join('; ');
}
