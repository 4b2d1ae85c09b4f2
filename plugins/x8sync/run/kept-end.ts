/** The end of a mover that no command has waited for, kept in the record by whoever saw it. */
import type { ExitCode } from '../../../src/errors.ts';
import { isJson } from '../../../src/json.ts';
import type { EndPhase, TaskRecord, TaskState } from '../../../src/tasks/record.ts';

export interface KeptEnd {
  readonly phase: EndPhase;
  readonly message: string;
  /** Of the mover's Job: another one's end is another end. */
  readonly nonce: string;
  /** RFC 3339, of the node's clock. */
  readonly finishedAt: string;
}

export const endCheckpoint = 'end';

const endPhases: readonly unknown[] = [
  'Interrupted',
  'Failed',
  'Incomplete',
  'Succeeded',
] satisfies EndPhase[];

export const isKeptEnd = (value: unknown): value is KeptEnd =>
  isJson(value) &&
  endPhases.includes(value.phase) &&
  [value.message, value.nonce, value.finishedAt].every((text) => typeof text === 'string');

/** The end that was kept; of a task that a command works on, it is an older run's, and not told. */
export function keptEndOf({
  checkpoints,
  holder,
}: Pick<TaskRecord, 'checkpoints' | 'holder'>): KeptEnd | undefined {
  const kept = checkpoints[endCheckpoint];
  return holder === undefined && isKeptEnd(kept) ? kept : undefined;
}

export function keepEnd(state: TaskState, end: KeptEnd): void {
  state.checkpoints[endCheckpoint] = end;
}

/** To be called with each change that says how a run ended, or that it goes on. */
export function forgetEnd(state: TaskState): void {
  delete state.checkpoints[endCheckpoint];
}

export const codeCheckpoint = 'exitCode';

export const isExitCode = (value: unknown): value is ExitCode =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 256;

/** The exit code that a run has ended with, as its record has it. */
export function exitCodeIn({ checkpoints }: Pick<TaskRecord, 'checkpoints'>): ExitCode | undefined {
  const code = checkpoints[codeCheckpoint];
  return isExitCode(code) ? code : undefined;
}

export function noteExitCode(state: TaskState, code: ExitCode | undefined): void {
  if (code === undefined) delete state.checkpoints[codeCheckpoint];
  else state.checkpoints[codeCheckpoint] = code;
}
