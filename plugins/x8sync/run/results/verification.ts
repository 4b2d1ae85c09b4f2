/** What a comparison of both trees came to, in words. */
import { IncompleteError } from '../../../../src/errors.ts';
import { formatBytes, formatCount, formatDuration, formatPlural } from '../../../../src/ui/format.ts';
import type { Verification } from '../../mover/protocol/protocol.ts';
import type { CopyResult } from '../request/request.ts';
import { shownName } from './shown-name.ts';

/** Differences that are shown one by one. */
const shown = 20;

/** One line on what was compared, and what came of it. */
export function verificationTitle(verification: Verification): string {
  const { different } = verification;
  const all = entriesText(verification);
  if (different === 0 && isEmpty(verification)) return `verified: ${emptyText(verification)}`;
  return different === 0
    ? `verified: ${all}, all the same`
    : `verified: ${formatPlural(different, 'difference')} in ${all}`;
}

/** Nothing of the source was there to compare: to call that the same would tell nothing. A device is never empty. */
function isEmpty({ entries, unit }: Pick<Verification, 'unit' | 'entries'>): boolean {
  // The root is an entry itself.
  return unit !== 'blocks' && entries <= 1;
}

const emptyText = ({ extraneous }: Pick<Verification, 'extraneous'>): string =>
  extraneous === 0 ? 'both are empty' : 'the source is empty';

/** `12 entries`; a device has blocks. */
function entriesText({ entries, unit }: Pick<Verification, 'unit' | 'entries'>): string {
  return unit === 'blocks' ? formatPlural(entries, 'block') : formatPlural(entries, 'entry', 'entries');
}

type Compared = Pick<CopyResult, 'source' | 'target' | 'seconds' | 'task' | 'verification' | 'differences'>;

/** The summary of a comparison alone. */
export function comparisonLines({ source, target, seconds, task, ...result }: Compared): string[] {
  const { verification } = result;
  if (!verification) return [];
  return [
    `${headlineOf(verification)} ${source} → ${target}, compared in ${formatDuration(seconds * 1000)}`,
    ...figureLines(verification),
    ...differenceLines(result),
    `  task         ${task}`,
  ];
}

function headlineOf(verification: Verification): string {
  if (verification.different > 0) return 'Not the same:';
  if (!isEmpty(verification)) return 'The same:';
  return verification.extraneous === 0 ? 'Both are empty:' : 'The source is empty:';
}

/** What a copy's summary says of its comparison. */
export function verificationLines(result: Pick<Compared, 'verification' | 'differences'>): string[] {
  const { verification } = result;
  return verification ? [...figureLines(verification), ...differenceLines(result)] : [];
}

function figureLines(verification: Verification): string[] {
  const { files, bytes, extraneous, unit } = verification;
  const what =
    unit === 'blocks' ? formatBytes(bytes) : `${formatPlural(files, 'file')} with ${formatBytes(bytes)}`;
  const more =
    extraneous > 0 ? [`               the target has ${formatCount(extraneous)} more of its own`] : [];
  return [`  verified     ${entriesText(verification)}, ${what}, read on both sides`, ...more];
}

function differenceLines({
  verification,
  differences = [],
}: Pick<Compared, 'verification' | 'differences'>): string[] {
  if (!verification || verification.different === 0) return [];
  const counts = Object.entries(verification.aspects).map(([aspect, count]) => `${aspect} ${count}`);
  return [
    `  differ       ${entriesText({ ...verification, entries: verification.different })}: ${counts.join(', ')}`,
    ...differences.slice(0, shown).map(({ path, detail }) => `               ${shownName(path)}: ${detail}`),
    ...moreLine(verification, differences.length),
  ];
}

function moreLine({ unit, different }: Verification, told: number): string[] {
  const more = different - Math.min(shown, told);
  // Neighbouring blocks are one difference, so that these are not counted by blocks.
  if (unit === 'blocks') return told > shown ? ['               … and more, see -o json'] : [];
  return more > 0 ? [`               … and ${formatCount(more)} more`] : [];
}

/** The error of a comparison that found differences: exit 5. */
export function differenceError(
  { verification, differences = [] }: Pick<Compared, 'verification' | 'differences'>,
  again: string,
): IncompleteError | undefined {
  if (!verification || verification.different === 0) return undefined;
  const { different, unit } = verification;
  return new IncompleteError(
    `source and target differ in ${formatCount(different)} of ${entriesText(verification)}`,
    {
      details: differences.slice(0, 10).map(({ path, detail }) => `${path}: ${detail}`),
      hint:
        unit === 'blocks'
          ? `a device that is in use differs too; else ${again}`
          : `files that changed at one side meanwhile differ too; else ${again}, with --checksum where only contents differ`,
    },
  );
}
