/** The tables and documents that the commands print. */
import { table } from '../../../../src/cli/table.ts';
import { formatAge, formatBytes, formatPlural } from '../../../../src/ui/format.ts';
import type { Finding } from '../../control/doctor.ts';
import type { ListedFile, RemoteFile } from '../../session/preview/list-files.ts';
import type { RunnerState } from '../../session/runner/runner-state.ts';
import { progressWords } from '../../session/status/progress.ts';
import type { SyncState } from '../../session/status/state.ts';
import type { Sync, Unreadable } from '../../spec/spec-store.ts';
import type { TrashItem } from '../../sync/endpoint.ts';
import { plainWords } from '../../wire/plain-words.ts';

/** A sync, and what it is doing where it runs here. */
export interface SyncStatus {
  readonly sync: Sync;
  readonly state: RunnerState | undefined;
  readonly isHere: boolean;
  /** Why nothing is known of one that runs here. */
  readonly silent?: string | undefined;
  /** Of one session of several. */
  readonly role?: string;
  /** Why no watch here would run it. */
  readonly refusal?: string | undefined;
}

type Row = SyncStatus | Unreadable;

/** A cell about a sync; empty where nothing is known of it. */
const about = (value: (seen: SyncStatus) => string) => (row: Row) => ('why' in row ? '' : value(row));

/** @param areMany namespaces: then each is named. */
export function syncTable(rows: readonly Row[], now: Date, areMany = false) {
  const sessions = rows.flatMap(eachSession);
  const areAlone = sessions.every((row) => !('role' in row));
  return table(
    sessions,
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
      { header: 'ROLE', value: about(({ role }) => role ?? ''), wide: areAlone },
      { header: 'FILES', value: about(({ state }) => (state ? String(state.files) : '')) },
      { header: 'CONFLICTS', value: about(({ state }) => (state ? String(state.conflictCount) : '')) },
      { header: 'PROBLEMS', value: about(({ state }) => (state ? String(state.problems.length) : '')) },
      { header: 'LAST CHANGE', value: about(({ state }) => ago(state?.lastChange, now)) },
      { header: 'MODE', value: about(({ sync }) => sync.spec.mode), wide: true },
      { header: 'BANDWIDTH', value: about(({ sync }) => rateOf(sync.spec.bandwidth)), wide: true },
      { header: 'LAUNCHER', value: about(({ state }) => state?.launcher ?? ''), wide: true },
      { header: 'OWNER', value: about(({ sync }) => sync.spec.local.who), wide: true },
      { header: 'BECAUSE', value: (row) => ('why' in row ? row.why : because(row)), wide: true },
    ],
    'No syncs found.',
  );
}

const rateOf = (rate: number | undefined) => (rate === undefined ? '' : `${formatBytes(rate)}/s`);

/** A row for each container where several take part. */
function eachSession(row: Row): Row[] {
  const sessions = 'why' in row ? [] : (row.state?.sessions ?? []);
  if ('why' in row || sessions.length === 0) return [row];
  return sessions.map((state) => ({ ...row, state, role: state.role }));
}

/** The phase of a sync that runs here, or why it does not. */
export function stateWord({ state, silent, isHere, refusal, sync }: SyncStatus): string {
  if (silent !== undefined) return 'not answering';
  if (state) return state.degraded.length > 0 ? `${state.phase} (degraded)` : state.phase;
  if (isHere) return refusal === undefined ? 'not running' : 'refused';
  return sync.record.holder ? `held by ${sync.record.holder.split(' ')[0]}` : 'elsewhere';
}

/** What it waits for, why it is held, refused or polls. */
const because = ({ state, silent, refusal }: SyncStatus): string =>
  [
    silent,
    state && (progressWords(state.activity.progress) ?? state.message),
    refusal,
    ...(state ? problemWords(state) : []),
    ...(state?.degraded ?? []),
    ...(state?.reloads ?? []).flatMap(reloadWords),
    ...(state?.remarks ?? []),
  ]
    .filter(Boolean)
    .join('; ');

/** What is wrong with a reload. */
function reloadWords({ rule, phase, message }: RunnerState['reloads'][number]): string[] {
  return phase === 'failed' || phase === 'stopped' ? [plainWords(`reload ${rule} ${phase}: ${message}`)] : [];
}

/** The first problem, and how many more there are. */
function problemWords({ problems: [first, ...more] }: SyncState): string[] {
  if (first === undefined) return [];
  const others = more.length > 0 ? ` and ${formatPlural(more.length, 'more problem')}` : '';
  return [plainWords(`${first.path || '.'} (${first.side}): ${first.problem}${others}`)];
}

function ago(time: string | undefined, now: Date): string {
  return time === undefined ? '' : formatAge(now.getTime() - new Date(time).getTime());
}

/** One sync in full, as JSON. */
export function syncDocument(row: Row) {
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
      { header: 'PATH', value: ({ path }) => path || '.', isPath: true },
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
      { header: 'PATH', value: ({ path }) => path, isPath: true },
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
      { header: 'FOUND', value: ({ message }) => message },
    ],
    'Nothing was checked.',
  );
}

/** Files of one side; where they are of several containers, each is named. */
export function fileTable(files: readonly (ListedFile | RemoteFile)[]) {
  const whereOf = (file: ListedFile | RemoteFile) => ('pod' in file ? `${file.pod}/${file.container}` : '');
  const areOfOne = new Set(files.map(whereOf)).size <= 1;
  return table(
    files,
    [
      { header: 'CONTAINER', value: whereOf, wide: areOfOne },
      { header: 'KIND', value: ({ kind }) => kind },
      { header: 'SIZE', value: ({ size }) => (size === undefined ? '' : String(size)) },
      { header: 'PATH', value: ({ path }) => path, isPath: true },
      { header: 'REMARK', value: ({ remark }) => remark ?? '' },
    ],
    'There are no files.',
  );
}
