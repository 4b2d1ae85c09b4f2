/** What devsync's commands say, and their tables. */
import { table } from '../../../src/cli/table.ts';
import { formatAge, formatBytes, formatPlural } from '../../../src/ui/format.ts';
import type { Finding } from '../control/doctor.ts';
import type { Preview } from '../session/preview.ts';
import type { SyncState } from '../session/state.ts';
import type { RunnerState } from '../session/sync-runner.ts';
import type { Sync, Unreadable } from '../spec/catalog.ts';
import type { TrashItem } from '../sync/items.ts';
import { plainWords } from '../wire/check.ts';

/** A sync, and what it is doing where it runs here. */
export interface Seen {
  readonly sync: Sync;
  readonly state: RunnerState | undefined;
  readonly isHere: boolean;
  /** Why nothing is known of one that runs here. */
  readonly silent?: string | undefined;
  /** Why no watch here would run it. */
  readonly refusal?: string | undefined;
}

type Row = Seen | Unreadable;

/** A cell about a sync; empty where nothing is known of it. */
const about = (value: (seen: Seen) => string) => (row: Row) => ('why' in row ? '' : value(row));

/** @param areMany namespaces: then each is named. */
export function seenTable(rows: readonly Row[], now: Date, areMany = false) {
  return table(
    rows,
    [
      { header: 'NAME', value: (row) => ('why' in row ? row.name : row.sync.name) },
      { header: 'NAMESPACE', value: (row) => ('why' in row ? row : row.sync).namespace, wide: !areMany },
      { header: 'STATE', value: (row) => ('why' in row ? 'unreadable' : stateWord(row)) },
      { header: 'LOCAL', value: about(({ sync }) => sync.spec.local.path) },
      { header: 'REMOTE', value: about(({ sync }) => sync.spec.remote) },
      { header: 'POD', value: about(({ state }) => state?.pod ?? '') },
      {
        header: 'CONTAINER',
        value: about(({ state, sync }) => state?.container || (sync.spec.target.container ?? '')),
      },
      { header: 'FILES', value: about(({ state }) => (state ? String(state.files) : '')) },
      { header: 'CONFLICTS', value: about(({ state }) => (state ? String(state.conflictCount) : '')) },
      { header: 'PROBLEMS', value: about(({ state }) => (state ? String(state.problems.length) : '')) },
      { header: 'LAST CHANGE', value: about(({ state }) => ago(state?.lastChange, now)) },
      { header: 'MODE', value: about(({ sync }) => sync.spec.mode), wide: true },
      { header: 'WAY', value: about(({ state }) => state?.way ?? ''), wide: true },
      { header: 'OWNER', value: about(({ sync }) => sync.spec.local.who), wide: true },
      { header: 'BECAUSE', value: (row) => ('why' in row ? row.why : because(row)), wide: true },
    ],
    'No syncs found.',
  );
}

function stateWord({ state, silent, isHere, refusal, sync }: Seen): string {
  if (silent !== undefined) return 'not answering';
  if (state) return state.degraded.length > 0 ? `${state.phase} (degraded)` : state.phase;
  if (isHere) return refusal === undefined ? 'not running' : 'refused';
  return sync.record.holder ? `held by ${sync.record.holder.split(' ')[0]}` : 'elsewhere';
}

/** What it waits for, why it is held, refused or polls. */
const because = ({ state, silent, refusal }: Seen): string =>
  [
    silent,
    state?.message,
    refusal,
    ...(state ? problemWords(state) : []),
    ...(state?.degraded ?? []),
    ...(state?.remarks ?? []),
  ]
    .filter(Boolean)
    .join('; ');

/** The first problem, and how many more there are. */
function problemWords({ problems: [first, ...more] }: SyncState): string[] {
  if (first === undefined) return [];
  const others = more.length > 0 ? ` and ${formatPlural(more.length, 'more problem')}` : '';
  return [plainWords(`${first.path || '.'} (${first.place}): ${first.problem}${others}`)];
}

function ago(time: string | undefined, now: Date): string {
  return time === undefined ? '' : formatAge(now.getTime() - new Date(time).getTime());
}

/** One sync in full, as JSON. */
export function seenDocument(row: Row) {
  if ('why' in row) return { name: row.name, namespace: row.namespace, unreadable: row.why };
  const { sync, state, silent, isHere } = row;
  const { name, namespace, spec, record } = sync;
  const holder = record.holder?.split(' ')[0];
  return { name, namespace, spec, isHere, holder, state: state ?? null, ...(silent && { silent }) };
}

export function conflictsTable(state: SyncState) {
  return table(
    state.conflicts,
    [
      { header: 'PATH', value: ({ path }) => path || '.' },
      { header: 'REASON', value: ({ reason }) => reason },
      { header: 'LOCAL', value: ({ local }) => local },
      { header: 'CONTAINER', value: ({ container }) => container },
    ],
    'No conflicts.',
  );
}

export function trashTable(items: readonly (TrashItem & { readonly side: string })[]) {
  return table(
    items,
    [
      { header: 'OPERATION', value: ({ operation }) => operation },
      { header: 'SIDE', value: ({ side }) => side },
      { header: 'SIZE', value: ({ size }) => formatBytes(size) },
      { header: 'PATH', value: ({ path }) => path },
    ],
    'The trash is empty.',
  );
}

export function findingsTable(findings: readonly Finding[]) {
  return table(
    findings,
    [
      { header: 'CHECK', value: ({ check }) => check },
      { header: 'VERDICT', value: ({ verdict }) => verdict },
      { header: 'FOUND', value: ({ words }) => words },
    ],
    'Nothing was checked.',
  );
}

/** Changes that are shown one by one; the rest is counted. */
const shown = 50;

export function planText({
  pod,
  container,
  makes,
  changes,
  conflicts,
  problems,
  held,
  room,
}: Preview): string {
  const where = `With container ${container} of pod ${pod}:`;
  const made = makes === undefined ? [] : [`${makes} is missing in the container and would be made.`];
  const lines = changes
    .slice(0, shown)
    .map(
      ({ path, to, from, becomes, reason }) =>
        `${to === 'container' ? '→' : '←'} ${path || '.'}: ${from} becomes ${becomes} (${reason})`,
    );
  const more = changes.length > shown ? [`… and ${formatPlural(changes.length - shown, 'change')} more`] : [];
  const open = conflicts.map(({ path, local, container }) => `! ${path}: here ${local}, there ${container}`);
  const bad = problems.map(({ path, place, problem }) => `✗ ${path || '.'} (${place}): ${problem}`);
  const taken = room === undefined ? [] : [`In the container ${room}.`];
  const brake = held === undefined ? [] : [`It would be held first: ${held}`];
  const nothing = lines.length + open.length + bad.length === 0 ? ['Both sides are the same.'] : [];
  return [where, ...made, ...lines, ...more, ...open, ...bad, ...brake, ...nothing, ...taken]
    .map(plainWords)
    .join('\n');
}

/** How a sync rests, in a sentence. */
export function restText(state: SyncState): string {
  if (state.phase === 'held') return `Held: ${state.message}. resume --confirm goes on.`;
  const open = openText(state);
  const rest = open === '' ? '' : ` but for ${open}`;
  return `${state.phase === 'watching' ? 'Both sides are the same' : `It is ${state.phase}`}${rest}.${leftText(state)}`;
}

/** What stays where a directory was deleted that has ignored files in it. */
function leftText({ leftovers }: SyncState): string {
  if (leftovers.length === 0) return '';
  const names = leftovers.slice(0, named).map(({ path, place }) => plainWords(`${path} (${place})`));
  const more = leftovers.length > named ? `, and ${leftovers.length - named} more` : '';
  return ` One side alone has, with nothing but ignored files: ${names.join(', ')}${more}.`;
}

/** How much is open: `1 conflict and 2 problems`; nothing where nothing is. */
export function openText({ conflicts, problems }: Pick<SyncState, 'conflicts' | 'problems'>): string {
  return [
    conflicts.length > 0 && formatPlural(conflicts.length, 'conflict'),
    problems.length > 0 && formatPlural(problems.length, 'problem'),
  ]
    .filter((words) => words !== false)
    .join(' and ');
}

/** Lines that name what is open; the rest of many is counted. */
const named = 5;

/** What keeps both sides from being the same, one line each. */
export function openLines({ conflicts, problems }: SyncState): string[] {
  const lines = [
    ...conflicts.map(({ path, reason }) => `${path || '.'}: ${reason}`),
    ...problems.map(({ path, place, problem }) => `${path || '.'} (${place}): ${problem}`),
  ].map(plainWords);
  const more = lines.length > named ? [`… and ${lines.length - named} more`] : [];
  return [...lines.slice(0, named), ...more];
}

/** What can be done about conflicts: a decision moves nothing where something ignored is in the way. */
export function conflictHint(conflicts: SyncState['conflicts'], resolve: string): string {
  const isInTheWay = ({ reason }: { readonly reason: string }) => reason === 'in the way';
  const decidable = conflicts.some((one) => !isInTheWay(one)) ? [`${resolve} settles one.`] : [];
  const blocked = conflicts.some(isInTheWay)
    ? ['What is "in the way" is ignored, or cannot be read: move it away on its side, or change the rules.']
    : [];
  return [...decidable, ...blocked].join(' ');
}
