/** A cutover that has come to its end: its target has run since. */
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { finishedAtOf } from '../records/cutover-state.ts';

/** What only the target has by now goes with it. */
export const againHint =
  '--again makes the target once more what the source is: what was written at the target since is lost';

/** As it was when it had come to its end, where a later run has failed. */
export function asFinished(record: TaskRecord): TaskRecord {
  if (record.phase === 'Succeeded') return record;
  return { ...record, phase: 'Succeeded', message: 'cut over', finishedAt: finishedAtOf(record) };
}
