/** Compares and merges texts by lines. */
import { diff3Merge, diffIndices } from 'node-diff3';

/** Lines of context around a difference. */
const context = 3;
/** How many pairs of equal lines a comparison may look at. A large file whose lines are all equal would take hours. */
const mostPairs = 4_000_000;

export interface Merged {
  readonly text: string;
  /** The number of places where a person must decide. Both versions stand there between markers. */
  readonly conflicts: number;
}

/** The texts have too many equal lines to be compared in reasonable time. */
export class TooManyEqualLines extends Error {
  override readonly name = 'TooManyEqualLines';
}

/**
 * Merges two versions of a text.
 *
 * @param base the version that both were made from. Where there is none, every difference is a conflict, since nothing
 * tells which side has changed the line.
 * @throws {TooManyEqualLines}
 */
export function mergeTexts(local: string, base: string | undefined, container: string): Merged {
  const [here, there] = [linesOf(local), linesOf(container)];
  const regions = base === undefined ? differingRegions(here, there) : threeWay(here, linesOf(base), there);
  let conflicts = 0;
  const parts = regions.map((region) => {
    if ('same' in region) return region.same.join('');
    conflicts++;
    return marked(region);
  });
  return { text: parts.join(''), conflicts };
}

interface Differing {
  readonly local: readonly string[];
  readonly container: readonly string[];
}
type Region = { readonly same: readonly string[] } | Differing;

function threeWay(here: string[], base: string[], there: string[]): Region[] {
  requireFew(here, base);
  requireFew(there, base);
  return diff3Merge(here, base, there, { excludeFalseConflicts: true }).map((region): Region => {
    if (region.ok) return { same: region.ok };
    return { local: region.conflict?.a ?? [], container: region.conflict?.b ?? [] };
  });
}

function differingRegions(here: string[], there: string[]): Region[] {
  requireFew(here, there);
  const regions: Region[] = [];
  let at = 0;
  for (const { buffer1, buffer1Content: local, buffer2Content: container } of diffIndices(here, there)) {
    regions.push({ same: here.slice(at, buffer1[0]) }, { local, container });
    at = buffer1[0] + buffer1[1];
  }
  return [...regions, { same: here.slice(at) }];
}

/** Both versions of a place, between markers as git writes them. */
const marked = ({ local, container }: Differing): string =>
  ['<<<<<<< local\n', ...ended(local), '=======\n', ...ended(container), '>>>>>>> container\n'].join('');

/** Whether a text still has markers of an earlier merge. */
export const hasMarkers = (text: string): boolean => /^<<<<<<< local$/m.test(text);

/** The lines with a line end after the last one, so that a marker behind them begins a line of its own. */
function ended(lines: readonly string[]): string[] {
  const last = lines.at(-1);
  return last === undefined || last.endsWith('\n') ? [...lines] : [...lines.slice(0, -1), `${last}\n`];
}

/** The differences as `diff -u` shows them, without its first two lines. Empty where there are none. */
export function unifiedDiff(before: string, after: string): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  requireFew(old, now);
  const hunks: Hunk[] = [];
  for (const { buffer1, buffer1Content, buffer2, buffer2Content } of diffIndices(old, now)) {
    const change = { at: buffer1, from: buffer1Content, to: buffer2Content, now: buffer2 };
    const last = hunks.at(-1);
    const end = last?.at(-1)?.at;
    if (last && end && buffer1[0] - (end[0] + end[1]) <= 2 * context) last.push(change);
    else hunks.push([change]);
  }
  return hunks.map((hunk) => hunkText(hunk, old)).join('');
}

interface HunkChange {
  /** The first line, counted from 0, and the number of lines in the text before. */
  readonly at: readonly [number, number];
  /** The same for the text after. */
  readonly now: readonly [number, number];
  readonly from: readonly string[];
  readonly to: readonly string[];
}
type Hunk = HunkChange[];

function hunkText(hunk: Hunk, old: readonly string[]): string {
  const [first, last] = [hunk[0] as HunkChange, hunk.at(-1) as HunkChange];
  const begin = Math.max(0, first.at[0] - context);
  const end = Math.min(old.length, last.at[0] + last.at[1] + context);
  const lines: string[] = [];
  let at = begin;
  const show = (sign: string, some: readonly string[]) =>
    lines.push(...some.map((line) => sign + shown(line)));
  for (const { at: change, from, to } of hunk) {
    show(' ', old.slice(at, change[0]));
    show('-', from);
    show('+', to);
    at = change[0] + change[1];
  }
  show(' ', old.slice(at, end));
  const grown = hunk.reduce((sum, { from, to }) => sum + to.length - from.length, 0);
  const beginThere = first.now[0] - (first.at[0] - begin);
  return `@@ -${span(begin, end - begin)} +${span(beginThere, end - begin + grown)} @@\n${lines.join('')}`;
}

/** A range as diff writes it: it counts lines from 1, and names the line before an empty range. */
const span = (begin: number, count: number) => `${count === 0 ? begin : begin + 1},${count}`;

const shown = (line: string) => (line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`);

/** The lines of a text with their line ends. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

function requireFew(one: readonly string[], other: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const line of one) counts.set(line, (counts.get(line) ?? 0) + 1);
  let pairs = 0;
  for (const line of other) pairs += counts.get(line) ?? 0;
  if (pairs > mostPairs) throw new TooManyEqualLines('too many equal lines to compare');
}
