/** The tasks that a cluster knows of, each put together from its records on both sides. */
import { isJson } from '../../../src/json.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { isSpecIntact } from '../../../src/tasks/spec.ts';
import type { TaskStore } from '../../../src/tasks/store.ts';
import type { Role } from '../objects/sides.ts';

/** One task as seen from one cluster: one record, or two where both claims are there. */
export interface TaskEntry {
  readonly task: string;
  readonly records: Partial<Record<Role, TaskRecord>>;
}

/** What a copy's record specifies; see `copySpec`. */
export interface RecordedSpec {
  readonly sourceClaim?: string;
  readonly sourceUid?: string;
  readonly targetClaim?: string;
  readonly targetUid?: string;
  readonly mode?: string;
  readonly sourcePath?: string;
  readonly targetPath?: string;
  /** JSON of filter rules. */
  readonly filters?: string;
  readonly delete?: string;
  readonly cutover?: string;
  readonly chown?: string;
  readonly checksum?: string;
  readonly fsGroup?: string;
  readonly runAs?: string;
  readonly trustedXattrs?: string;
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
): Promise<TaskEntry[]> {
  try {
    return groupByTask(await store.list({ namespace, task, signal }));
  } catch (error) {
    if (namespace !== undefined || !isForbidden(error)) throw error;
    return groupByTask(await store.list({ namespace: kube.cluster.namespace, task, signal }));
  }
}

/**
 * A name is taken in two namespaces only: elsewhere it may be another task's, which has another specification. One whose
 * specification somebody has changed is known by its other side, which names it.
 */
export function isSameTask(a: TaskRecord, b: TaskRecord): boolean {
  return a.task === b.task && (a.specHash === b.specHash || names(a, b) || names(b, a));
}

const names = ({ peer }: TaskRecord, { uid }: TaskRecord): boolean =>
  peer?.uid !== undefined && peer.uid === uid;

function groupByTask(records: readonly TaskRecord[]): TaskEntry[] {
  const entries: { task: string; records: Partial<Record<Role, TaskRecord>> }[] = [];
  for (const record of records) {
    const known = entries.find((entry) =>
      Object.values(entry.records).some((other) => isSameTask(record, other)),
    );
    if (known) known.records[record.role as Role] = record;
    else entries.push({ task: record.task, records: { [record.role]: record } });
  }
  return entries;
}

/** The record that decides: the target's, where the lock and the data are. */
export function decisiveRecord({ records }: TaskEntry): TaskRecord | undefined {
  // A cutover's own record is all that there is before its first copy.
  return records.target ?? records.source ?? Object.values(records)[0];
}

/** Longer than what a person reads of a specification: in one that was edited it is nothing of ours. */
const mostEdited = 512;

/** Its fields are texts; what somebody has made something else of is left out. */
export function specOf(record: TaskRecord | undefined): RecordedSpec {
  if (!record || !isJson(record.spec)) return {};
  const most = isSpecIntact(record) ? Number.POSITIVE_INFINITY : mostEdited;
  const texts = Object.entries(record.spec).filter(
    ([, value]) => typeof value === 'string' && value.length <= most,
  );
  return Object.fromEntries(texts) as RecordedSpec;
}
