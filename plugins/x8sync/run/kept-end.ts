/** The end of a mover that no command has waited for, kept in the record by whoever saw it. */
import type { ExitCode } from '../../../src/errors.ts';
import type { EndPhase, TaskRecord, TaskState } from '../../../src/tasks/record.ts';

export interface KeptEnd {
  readonly phase: EndPhase;
  readonly message: string;
  /** Of the mover's Job: another one's end is another end. */
  readonly nonce: string;
  /** RFC 3339, of the node's clock. */
  readonly finishedAt: string;
}

const checkpoint = 'end';

/** The end that was kept; of a task that a command works on, it is an older run's, and not told. */
export function keptEndOf({
  checkpoints,
  holder,
}: Pick<TaskRecord, 'checkpoints' | 'holder'>): KeptEnd | undefined {
  return holder === undefined ? (checkpoints[checkpoint] as KeptEnd | undefined) : undefined;
}

export function keepEnd(state: TaskState, end: KeptEnd): void {
  state.checkpoints[checkpoint] = end;
}

/** To be called with each change that says how a run ended, or that it goes on. */
export function forgetEnd(state: TaskState): void {
  delete state.checkpoints[checkpoint];
}

const codeCheckpoint = 'exitCode';

/** The exit code that a run has ended with, as its record has it. */
export const exitCodeIn = ({ checkpoints }: Pick<TaskRecord, 'checkpoints'>): ExitCode | undefined =>
  checkpoints[codeCheckpoint] as ExitCode | undefined;

export function noteExitCode(state: TaskState, code: ExitCode | undefined): void {
  if (code === undefined) delete state.checkpoints[codeCheckpoint];
  else state.checkpoints[codeCheckpoint] = code;
}
