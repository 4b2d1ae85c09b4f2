/** Two objects as YAML, and how these differ line by line, as `kubectl diff` shows it. Values of Secrets are masked. */
import { structuredPatch } from 'diff';
import { stringify } from 'yaml';
import { own } from '../../../src/json.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { byNumber } from '../../../src/plain-text.ts';
import { isSecret } from '../objects/digest.ts';
import { isJson, type Json } from '../objects/draft.ts';

export interface YamlDiffOptions {
  /** Show long values as a whole. */
  readonly whole: boolean;
}

/** Characters of a line, and lines in a row that came or went; more is cut, unless it is asked for. */
const LONGEST_LINE = 120;
const MOST_LINES = 40;
/** What two long lines have in common is left out but for so many characters before the place where they part. */
const BEFORE_PARTING = 20;
/** Lines around a change. */
const CONTEXT = 3;
/** More changed lines than this are shown as one text that goes and one that comes: finding the best fit takes too long. */
const MOST_EDITS = 500;

/**
 * Lines of a unified diff, without the two that name the files; empty where both are equal. An object that is not there
 * is an empty file.
 */
export function yamlDiff(
  wanted: KubeObject | undefined,
  present: KubeObject | undefined,
  { whole }: YamlDiffOptions,
): string[] {
  const [after, before] = masked(wanted, present).map(yamlOf) as [string, string];
  if (after === before) return [];
  const lines = hunksOf(before, after).map(printable);
  return whole ? lines : shortened(lines);
}

const yamlOf = (object: unknown): string =>
  object === undefined
    ? ''
    : stringify(object, { lineWidth: 0, sortMapEntries: true, aliasDuplicateObjects: false });

function hunksOf(before: string, after: string): string[] {
  const patch = structuredPatch('', '', before, after, '', '', {
    context: CONTEXT,
    maxEditLength: MOST_EDITS,
  });
  if (!patch) return allOf(before, after);
  return patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    hunkHeader(oldStart, oldLines, newStart, newLines),
    ...lines,
  ]);
}

function allOf(before: string, after: string): string[] {
  const [gone, come] = [before, after].map((text) => text.split('\n').slice(0, -1)) as [string[], string[]];
  return [
    hunkHeader(1, gone.length, 1, come.length),
    ...gone.map((line) => `-${line}`),
    ...come.map((line) => `+${line}`),
  ];
}

/** An empty side begins at line 0. */
const hunkHeader = (oldStart: number, oldLines: number, newStart: number, newLines: number): string =>
  `@@ -${oldLines === 0 ? 0 : oldStart},${oldLines} +${newLines === 0 ? 0 : newStart},${newLines} @@`;

/** Marks that turn the direction of writing, and other characters that a terminal shows as nothing, by their numbers. */
const printable = (line: string): string => line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, byNumber);

/** Long lines are cut, and so are long rows of lines that all came, or all went. */
function shortened(lines: readonly string[]): string[] {
  const rows: string[][] = [];
  for (const line of lines) {
    const row = rows.at(-1);
    if (row?.[0]?.[0] === line[0]) row?.push(line);
    else rows.push([line]);
  }
  return rows.flatMap((row, index) => {
    const isChanged = row[0]?.[0] === '-' || row[0]?.[0] === '+';
    const [before, after] = [rows[index - 1], rows[index + 1]];
    const other = row[0]?.[0] === '-' ? after : before;
    const shown = row.map((line, at) => shortLine(line, other?.[at]));
    if (!isChanged || row.length <= MOST_LINES) return shown;
    const more = row.length - MOST_LINES + 1;
    return [...shown.slice(0, MOST_LINES - 1), `${row[0]?.[0]}… ${more} more lines: -o wide shows them`];
  });
}

/** @param other the line that it takes the place of, or that takes its place */
function shortLine(line: string, other: string | undefined): string {
  const characters = [...line];
  if (characters.length <= LONGEST_LINE) return line;
  const start = partingOf(characters, [...(other ?? '')]) - BEFORE_PARTING;
  const key = /^.\s*[^\s:]+: /.exec(line)?.[0] ?? line.slice(0, 1);
  const isFar = start > key.length && other !== undefined && other.slice(1, key.length) === key.slice(1);
  const head = isFar ? `${key}…` : '';
  const rest = isFar ? characters.slice(start) : characters;
  const room = LONGEST_LINE - head.length;
  return rest.length <= room ? head + rest.join('') : `${head}${rest.slice(0, room - 1).join('')}…`;
}

/** The first place after the sign where two lines differ. */
function partingOf(one: readonly string[], other: readonly string[]): number {
  let place = 1;
  while (place < one.length && one[place] === other[place]) place++;
  return place;
}

/** What of a Secret may be shown. */
const shownOfSecrets = new Set(['apiVersion', 'kind', 'metadata', 'type', 'immutable']);
const mask = '••••••';

/** Both objects, with values of Secrets that only tell whether they are the same. */
function masked(wanted: KubeObject | undefined, present: KubeObject | undefined): [unknown, unknown] {
  const one = wanted ?? present;
  if (!one || !isSecret(one)) return [wanted, present];
  const hide = (object: KubeObject | undefined, other: KubeObject | undefined, mark: string) =>
    object &&
    Object.fromEntries(
      Object.entries(object).map(([field, value]) => [
        field,
        shownOfSecrets.has(field) ? value : hidden(value, other?.[field], mark),
      ]),
    );
  return [hide(wanted, present, ' (after)'), hide(present, wanted, ' (before)')];
}

function hidden(value: unknown, other: unknown, mark: string): unknown {
  if (!isJson(value))
    return JSON.stringify(value) === JSON.stringify(other) || other === undefined ? mask : mask + mark;
  const twin: Json = isJson(other) ? other : {};
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, hidden(inner, own(twin, key), mark)]),
  );
}
