/** Tasks as people and programs read them. */
import type { Table } from '../../src/cli/table.ts';
import type { TaskRecord } from '../../src/tasks/record.ts';
import { formatAgeSince } from '../../src/ui/format.ts';
import { decisiveRecord, specOf, type TaskView } from './inventory.ts';

/** The document of `-o json`; stable field names. */
export function documentOf(view: TaskView): Record<string, unknown> {
  const record = decisiveRecord(view);
  const { sourceClaim, targetClaim, mode } = specOf(record);
  return {
    task: view.task,
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
    records: Object.values(view.records).map(({ namespace, name, role }) => ({ role, namespace, name })),
  };
}

export function tableOf(views: readonly TaskView[], now: Date): Table {
  return {
    columns: [
      { title: 'NAME' },
      { title: 'PHASE' },
      { title: 'SOURCE' },
      { title: 'TARGET' },
      { title: 'PROGRESS' },
      { title: 'AGE' },
      { title: 'PEER', wide: true },
    ],
    rows: views.map((view) => {
      const record = decisiveRecord(view);
      const { sourceClaim = '', targetClaim = '' } = specOf(record);
      const age = formatAgeSince(record?.createdAt, now);
      return [view.task, record?.phase ?? '', sourceClaim, targetClaim, progressOf(record), age, record?.peer?.server ?? ''];
    }),
  };
}

/** One task, a field a line, as `kubectl describe` shows things. */
export function describeTask(view: TaskView, now: Date): string {
  const record = decisiveRecord(view);
  const { sourceClaim = '', targetClaim = '', mode = '' } = specOf(record);
  const fields: [string, string | undefined][] = [
    ['Task', view.task],
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
