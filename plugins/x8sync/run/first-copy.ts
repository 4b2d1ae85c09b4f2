/** The copy after which a schedule was left: until one of the schedule's own has ended, it is the last good one. */
import type { TaskRecord, TaskState } from '../../../src/tasks/record.ts';

export interface FirstCopy {
  /** RFC 3339, of the workstation's clock. */
  readonly at: string;
  /** One line on what was copied. */
  readonly message: string;
  /** All of the source is at the target, as far as that can keep it. */
  readonly isGood: boolean;
}

const checkpoint = 'firstCopy';

export function noteFirstCopy(state: TaskState, first: FirstCopy): void {
  state.checkpoints[checkpoint] = first;
}

export const firstCopyIn = ({ checkpoints }: Pick<TaskRecord, 'checkpoints'>): FirstCopy | undefined =>
  checkpoints[checkpoint] as FirstCopy | undefined;
