/**
 * The one error family of the suite.
 *
 * An error says what happened, to which object in which cluster, why as far as is known, and what to do
 * next. Its exit code is part of the command line's contract (docs/exit-codes.md).
 */

/** Process exit codes, the same for every plugin. */
export const ExitCode = {
  /** Done, and true. */
  ok: 0,
  /** Failed. */
  failed: 1,
  /** Wrong usage. */
  usage: 2,
  /** Refused: it exists, it differs, it is in use, it would lose data. */
  refused: 3,
  /** Not reachable, or not allowed. */
  unreachable: 4,
  /** Finished, but not everything: conflicts, partial copy, differences. */
  incomplete: 5,
  /** Ran past its time limit. */
  timeout: 124,
  /** Interrupted by SIGINT; state is saved. */
  interrupted: 130,
  /** Ended by SIGTERM; state is saved. */
  terminated: 143,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What an error may say beyond its message. */
export interface ErrorDetails {
  /** One line for the reader: what to do next. */
  readonly hint?: string | undefined;
  /** Why, as far as the cluster knows: events, conditions, log lines. One fact a line. */
  readonly details?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/** The base of every error that is shown to a person without a stack trace. */
export class X8sError extends Error {
  override readonly name: string = 'X8sError';
  readonly exitCode: ExitCode = ExitCode.failed;
  readonly hint: string | undefined;
  readonly details: readonly string[];

  constructor(message: string, { hint, details = [], cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
    this.details = details;
  }
}

/** The command line, a file or a value given by the person is wrong. Exit 2. */
export class UsageError extends X8sError {
  override readonly name = 'UsageError';
  override readonly exitCode = ExitCode.usage;
}

/** It exists, differs, is in use or would lose data, so nothing was done. Exit 3. */
export class RefusedError extends X8sError {
  override readonly name = 'RefusedError';
  override readonly exitCode = ExitCode.refused;
}

/** The cluster did not answer. Exit 4. */
export class UnreachableError extends X8sError {
  override readonly name = 'UnreachableError';
  override readonly exitCode = ExitCode.unreachable;
}

/** The cluster said no: 401 or 403. Exit 4. */
export class ForbiddenError extends X8sError {
  override readonly name = 'ForbiddenError';
  override readonly exitCode = ExitCode.unreachable;
}

/** Finished, but not everything. Exit 5. */
export class IncompleteError extends X8sError {
  override readonly name = 'IncompleteError';
  override readonly exitCode = ExitCode.incomplete;
}

/** A wait or a run passed its limit. Exit 124. */
export class TimeoutError extends X8sError {
  override readonly name = 'TimeoutError';
  override readonly exitCode = ExitCode.timeout;
}

/** Stopped by a signal, state saved. Exit 130 for SIGINT, 143 for SIGTERM. */
export class InterruptedError extends X8sError {
  override readonly name = 'InterruptedError';
  override readonly exitCode: ExitCode;

  constructor(signal: 'SIGINT' | 'SIGTERM', message = 'interrupted', details: ErrorDetails = {}) {
    super(message, details);
    this.exitCode = signal === 'SIGTERM' ? ExitCode.terminated : ExitCode.interrupted;
  }
}

/** The exit code that a thrown value stands for. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof X8sError ? error.exitCode : ExitCode.failed;
}

/** The message of any thrown value, in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
