/** Records of finished tasks are kept up to a number. */
import { X8sError } from '../../../src/errors.ts';
import { isFinished, type TaskRecord } from '../../../src/tasks/record.ts';
import type { TaskStore } from '../../../src/tasks/store.ts';

/**
 * The records of finished tasks that go, the oldest tasks first, so that those of `keep` tasks stay. A task of which any
 * record is not finished stays, and so does one that this version can't read. Pure.
 */
export function surplus(records: readonly TaskRecord[], keep: number): TaskRecord[] {
  const tasks = [...Map.groupBy(records, ({ task }) => task).values()];
  const finished = tasks.filter((all) =>
    all.every((record) => isFinished(record) && record.unreadable === undefined),
  );
  const endOf = (all: readonly TaskRecord[]) =>
    all
      .map(({ finishedAt = '' }) => finishedAt)
      .sort()
      .at(-1) ?? '';
  return finished
    .sort((a, b) => endOf(b).localeCompare(endOf(a)))
    .slice(keep)
    .flat()
    .filter(({ deleting }) => !deleting);
}

/** Removes them in one namespace. What cannot be removed stays for the next run. */
export async function forgetFinished(
  store: TaskStore,
  namespace: string,
  keep: number,
  signal: AbortSignal,
): Promise<void> {
  for (const record of surplus(await store.list({ namespace, signal }), keep)) {
    try {
      // One that is run once more at this moment stays.
      await store.remove(record, { signal, unchanged: true });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof X8sError)) throw error;
    }
  }
}
