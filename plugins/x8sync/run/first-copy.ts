/** The copy after which a schedule was left: until one of the schedule's own has ended, it is the last good one. */
import { isJson } from '../../../src/json.ts';
import type { TaskRecord, TaskState } from '../../../src/tasks/record.ts';

export interface FirstCopy {
  /** RFC 3339, of the workstation's clock. */
  readonly at: string;
  /** One line on what was copied. */
  readonly message: string;
  /** All of the source is at the target, as far as that can keep it. */
  readonly isGood: boolean;
}

export const firstCopyCheckpoint = 'firstCopy';

export const isFirstCopy = (value: unknown): value is FirstCopy =>
  isJson(value) &&
  typeof value.at === 'string' &&
  typeof value.message === 'string' &&
  typeof value.isGood === 'boolean';

export function noteFirstCopy(state: TaskState, first: FirstCopy): void {
  state.checkpoints[firstCopyCheckpoint] = first;
}

export function firstCopyIn({ checkpoints }: Pick<TaskRecord, 'checkpoints'>): FirstCopy | undefined {
  const first = checkpoints[firstCopyCheckpoint];
  return isFirstCopy(first) ? first : undefined;
}
