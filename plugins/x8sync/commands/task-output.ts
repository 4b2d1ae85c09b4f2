/** Tasks of a cluster as people and programs read them. */
import { type Table, table } from '../../../src/cli/table.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { formatAgeSince } from '../../../src/ui/format.ts';
import { decisiveRecord, specOf, type TaskEntry } from '../records/inventory.ts';

/** The document of `-o json`; stable field names. */
export function documentOf(entry: TaskEntry): Record<string, unknown> {
  const record = decisiveRecord(entry);
  const { sourceClaim, targetClaim, mode } = specOf(record);
  return {
    task: entry.task,
    phase: record?.phase,
    source: sourceClaim,
    target: targetClaim,
    mode,
    run: record?.run,
    startedAt: record?.startedAt,
    finishedAt: record?.finishedAt,
    holder: record?.holder,
    heartbeat: record?.heartbeat,
    progress: record?.progress,
    message: record?.message,
    peer: record?.peer,
    records: Object.values(entry.records).map(({ namespace, name, role }) => ({ role, namespace, name })),
  };
}

export function tableOf(entries: readonly TaskEntry[], now: Date): Table {
  const rows = entries.map((entry) => ({
    entry,
    record: decisiveRecord(entry),
    ...specOf(decisiveRecord(entry)),
  }));
  return table(
    rows,
    [
      { header: 'NAME', value: ({ entry }) => entry.task },
      { header: 'PHASE', value: ({ record }) => record?.phase ?? '' },
      { header: 'SOURCE', value: ({ sourceClaim = '' }) => sourceClaim },
      { header: 'TARGET', value: ({ targetClaim = '' }) => targetClaim },
      { header: 'PROGRESS', value: ({ record }) => progressOf(record) },
      { header: 'AGE', value: ({ record }) => formatAgeSince(record?.createdAt, now) },
      { header: 'PEER', value: ({ record }) => record?.peer?.server ?? '', wide: true },
    ],
    'No tasks found.',
  );
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
export function describeTask(entry: TaskEntry, now: Date): string {
  const record = decisiveRecord(entry);
  const { sourceClaim = '', targetClaim = '', mode = '' } = specOf(record);
  const fields: [string, string | undefined][] = [
    ['Task', entry.task],
    ['Phase', record?.phase],
    ['Source', sourceClaim],
    ['Target', targetClaim],
    ['Mode', mode],
    ['Run', record && String(record.run)],
    ['Started', record?.startedAt && `${record.startedAt} (${formatAgeSince(record.startedAt, now)} ago)`],
    ['Finished', record?.finishedAt],
    ['Held by', record?.holder?.split(' ')[0]],
    ['Last written', record?.heartbeat],
    ['Progress', record?.progress],
    ['Message', record?.message],
    ['Other side', record?.peer && `namespace ${record.peer.namespace} of ${record.peer.server}`],
  ];
  return fields.flatMap(([name, value]) => (value ? [`${`${name}:`.padEnd(14)}${value}`] : [])).join('\n');
}

function progressOf(record: TaskRecord | undefined): string {
  return record?.progress ?? record?.message ?? '';
}
