/** Tasks of a cluster as people and programs read them. */
import { type Table, table } from '../../../src/cli/table.ts';
import { formatAge, formatAgeSince } from '../../../src/ui/format.ts';
import type { Role } from '../objects/sides.ts';
import { decisiveRecord, specOf, type TaskEntry } from '../records/inventory.ts';
import type { StandingTask } from '../records/look.ts';
import { goneHint, goneText, type ScheduledCopy } from '../records/schedule-text.ts';
import type { Standing } from '../records/standing.ts';
import { cutoverDocument, cutoverFields, cutoverLine } from './cutover-output.ts';

/** The document of `-o json`; stable field names. */
export function documentOf({ entry, standing }: StandingTask): Record<string, unknown> {
  const record = decisiveRecord(entry);
  const { sourceClaim, targetClaim, mode } = specOf(record);
  return {
    task: entry.task,
    phase: standing.phase,
    outcome: standing.end?.outcome,
    targetUsers: standing.end?.targetUsers,
    source: sourceClaim,
    target: targetClaim,
    mode,
    run: record?.run,
    startedAt: record?.startedAt,
    finishedAt: standing.finishedAt,
    holder: record?.holder,
    heartbeat: record?.heartbeat,
    progress: standing.progress,
    message: standing.message,
    cutover: cutoverDocument(entry, standing),
    schedule: standing.schedule,
    peer: record?.peer,
    records: Object.values(entry.records).map(({ namespace, name, role }) => ({ role, namespace, name })),
  };
}

export function tableOf(tasks: readonly StandingTask[], now: Date): Table {
  const rows = tasks.map((task) => ({
    entry: task.entry,
    standing: task.standing,
    record: decisiveRecord(task.entry),
    ...claimsIn(task),
  }));
  return table(
    rows,
    [
      { header: 'NAME', value: ({ entry }) => entry.task },
      { header: 'PHASE', value: ({ standing }) => standing.phase },
      { header: 'SOURCE', value: ({ source }) => source },
      { header: 'TARGET', value: ({ target }) => target },
      { header: 'PROGRESS', value: ({ entry, standing }) => progressOf(entry, standing) },
      { header: 'AGE', value: ({ record }) => formatAgeSince(record?.createdAt, now) },
      { header: 'PEER', value: ({ record }) => record?.peer?.server ?? '', wide: true },
    ],
    'No tasks found.',
  );
}

/** Both claims, `namespace/claim`; with the names of their clusters where these are two. */
function claimsIn({ entry, clusters }: StandingTask): Readonly<Record<Role, string>> {
  const { sourceClaim = '', targetClaim = '' } = specOf(decisiveRecord(entry));
  const claim = (role: Role, name: string) => (clusters && name !== '' ? `${clusters[role]}/${name}` : name);
  return { source: claim('source', sourceClaim), target: claim('target', targetClaim) };
}

/** One task among others of its name. */
export function lineOf(entry: TaskEntry): string {
  const { sourceClaim, targetClaim } = specOf(decisiveRecord(entry));
  const roles = Object.values(entry.records).map(
    ({ role, namespace }) => `${role} in namespace ${namespace}`,
  );
  return `${sourceClaim} → ${targetClaim} (here: ${roles.join(', ')})`;
}

/** One task, a field a line, as `kubectl describe` shows things. */
export function describeTask(task: StandingTask, now: Date): string {
  const { entry, standing } = task;
  const record = decisiveRecord(entry);
  const { mode = '' } = specOf(record);
  const { source, target } = claimsIn(task);
  const fields: [string, string | undefined][] = [
    ['Task', entry.task],
    ['Phase', standing.phase],
    ['Source', source],
    ['Target', target],
    ['Mode', mode],
    ['Run', record && String(record.run)],
    ['Started', record?.startedAt && `${record.startedAt} (${formatAgeSince(record.startedAt, now)} ago)`],
    ['Finished', standing.finishedAt],
    ['Held by', record?.holder?.split(' ')[0]],
    ['Last written', record?.heartbeat],
    ...scheduleFields(entry.task, standing, now),
    ['Progress', standing.schedule ? undefined : standing.progress],
    ['Message', standing.schedule ? undefined : standing.message],
    ...cutoverFields(entry, standing, now),
    ['Other side', record?.peer && `namespace ${record.peer.namespace} of ${record.peer.server}`],
  ];
  return fields.flatMap(([name, value]) => (value ? [`${`${name}:`.padEnd(14)}${value}`] : [])).join('\n');
}

/** What a task that copies at its times has in the place of a progress. */
function scheduleFields(task: string, { schedule }: Standing, now: Date): [string, string | undefined][] {
  if (!schedule) return [];
  const dated = (copy: ScheduledCopy | undefined) => datedText(copy, now);
  const { lastGood, lastFailure, running, lost } = schedule;
  if (schedule.gone)
    return [
      ['Schedule', goneText(schedule)],
      ['Last good', lastGood ? `${dated(lastGood)}; no later one is known` : 'none is known'],
      ['Last failed', dated(lastFailure)],
      ['Running', dated(running)],
      ['Lost', lost],
      ['To do', goneHint(task)],
    ];
  const { every, cron, timeZone, suspended, overdue, next } = schedule;
  const asCron = `cron "${cron}" in ${timeZone}`;
  return [
    ['Schedule', `${every === cron ? asCron : `every ${every}, ${asCron}`}${suspended ? ', suspended' : ''}`],
    ['Last good', dated(lastGood) ?? 'none yet'],
    ['Last failed', dated(lastFailure)],
    ['Overdue', dated(overdue)],
    ['Running', dated(running)],
    ['Lost', lost],
    ['Next', next && `${next} (in ${formatAge(Date.parse(next) - now.getTime())})`],
  ];
}

function datedText(copy: ScheduledCopy | undefined, now: Date): string | undefined {
  if (!copy) return undefined;
  const at = `${copy.at} (${formatAgeSince(copy.at, now)} ago)`;
  return copy.message === undefined ? at : `${at}: ${copy.message}`;
}

/** How a task stands, in one line. */
export const watchedLine = ({ entry, standing }: StandingTask): string =>
  [standing.phase, progressOf(entry, standing)].filter((part) => part !== '').join(', ');

function progressOf(entry: TaskEntry, standing: Standing): string {
  const { phase, progress, message } = standing;
  // How far it was matters less than why nobody knows.
  const [first, second] = phase === 'Unknown' ? [message, progress] : [progress, message];
  return cutoverLine(entry, standing) ?? first ?? second ?? '';
}
