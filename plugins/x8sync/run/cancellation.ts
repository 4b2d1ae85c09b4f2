/** A word from another workstation to the run that holds a task: it is to end. */
import { X8sError } from '../../../src/errors.ts';
import { isJson } from '../../../src/json.ts';
import type { TaskRecord, TaskState } from '../../../src/tasks/record.ts';

/** The checkpoint that holds it. */
export const cancelledCheckpoint = 'cancelled';

interface Cancellation {
  /** The run that is meant, as its lock has it: a later run of the task is another one. */
  readonly holder: string | undefined;
  /** Who says so. */
  readonly by: string;
}

export const isCancellation = (value: unknown): value is Cancellation =>
  isJson(value) &&
  typeof value.by === 'string' &&
  (value.holder === undefined || typeof value.holder === 'string');

/** A run that ends since somebody has cancelled it. */
export class CancelledError extends X8sError {}

export const cancelledError = (task: string, by: string): CancelledError =>
  new CancelledError(`task ${task} was cancelled by ${by}`, {
    hint: 'run the same command again to go on with what is copied so far',
  });

/** Puts it into a record; the run that holds the task by then is meant. */
export function markCancelled(state: TaskState, by: string): void {
  state.checkpoints[cancelledCheckpoint] = { holder: state.holder, by } satisfies Cancellation;
}

/** Who has cancelled the run of this holder; undefined where nobody has. */
export function cancelledBy(
  { checkpoints }: Pick<TaskRecord, 'checkpoints'>,
  holder: string | undefined,
): string | undefined {
  const found = checkpoints[cancelledCheckpoint];
  return holder !== undefined && isCancellation(found) && found.holder === holder ? found.by : undefined;
}
