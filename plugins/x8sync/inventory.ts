/** The tasks that a cluster knows of, each put together from its records on both sides. */
import { isForbidden } from '../../src/kube/api-error.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { TaskRecord } from '../../src/tasks/record.ts';
import type { TaskStore } from '../../src/tasks/store.ts';
import type { Role } from './sides.ts';

/** One task as seen from one cluster: one record, or two where both claims are there. */
export interface TaskView {
  readonly task: string;
  readonly records: Partial<Record<Role, TaskRecord>>;
}

/** What a copy's record specifies; see `copySpec`. */
export interface RecordedSpec {
  readonly sourceClaim?: string;
  readonly targetClaim?: string;
  readonly targetUid?: string;
  readonly mode?: string;
}

/**
 * Tasks of the namespace, or of all namespaces where none is given; of the connection's own namespace where
 * the others may not be read.
 */
export async function listTasks(
  store: TaskStore,
  kube: KubeClient,
  {
    namespace,
    task,
    signal,
  }: { namespace?: string | undefined; task?: string | undefined; signal: AbortSignal },
): Promise<TaskView[]> {
  try {
    return groupByTask(await store.list({ namespace, task, signal }));
  } catch (error) {
    if (namespace !== undefined || !isForbidden(error)) throw error;
    return groupByTask(await store.list({ namespace: kube.cluster.namespace, task, signal }));
  }
}

function groupByTask(records: readonly TaskRecord[]): TaskView[] {
  const views = new Map<string, { task: string; records: Partial<Record<Role, TaskRecord>> }>();
  for (const record of records) {
    const view = views.get(record.task) ?? { task: record.task, records: {} };
    view.records[record.role as Role] = record;
    views.set(record.task, view);
  }
  return [...views.values()];
}

/** The record that decides: the target's, where the lock and the data are. */
export function decisiveRecord({ records }: TaskView): TaskRecord | undefined {
  return records.target ?? records.source;
}

export function specOf(record: TaskRecord | undefined): RecordedSpec {
  return (record?.spec ?? {}) as RecordedSpec;
}
