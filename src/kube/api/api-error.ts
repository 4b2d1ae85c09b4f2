/** An answer of the API server that is not a success. */
import { type ErrorDetails, ExitCode, ForbiddenError, UnreachableError, X8sError } from '../../errors.ts';
import { ConnectionError } from './connection-error.ts';
import type { Status } from './objects.ts';

/** The server answered with a failure. 401 and 403 exit with 4, all else with 1. */
export class ApiError extends X8sError {
  override readonly name = 'ApiError';
  /** HTTP status. */
  readonly code: number;
  /** `Status.reason`, e.g. `NotFound`, `AlreadyExists`, `Conflict`, `Expired`. */
  readonly reason: string;
  readonly status: Status | undefined;
  override readonly exitCode: ExitCode;

  constructor(code: number, status: Status | undefined, message: string, details: ErrorDetails = {}) {
    super(message, details);
    this.code = code;
    this.status = status;
    this.reason = status?.reason ?? '';
    this.exitCode = code === 401 || code === 403 ? ExitCode.unreachable : ExitCode.failed;
  }
}

const hasCode = (code: number) => (error: unknown) => error instanceof ApiError && error.code === code;

export const isNotFound = hasCode(404);
export const isForbidden = hasCode(403);
export const isGone = hasCode(410);

/** What an answer says; undefined where this user may not have it. */
export async function unlessForbidden<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** 409 of an update: somebody else wrote in between, or a precondition failed. */
export const isConflict = (error: unknown) =>
  error instanceof ApiError && error.code === 409 && error.reason !== 'AlreadyExists';
/** 409 of a create. */
export const isAlreadyExists = (error: unknown) =>
  error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists';

/**
 * Whether waiting may help: the cluster is away, busy or in trouble for a while (client-go's retriable answers: 408,
 * 429, 5xx; 410 wants a new list). A wrong request, missing rights and a rejected certificate stay as they are.
 */
export const mayPass = (error: unknown): boolean => {
  if (error instanceof ConnectionError) return error.transient;
  if (error instanceof ApiError) return error.code >= 500 || [408, 410, 429].includes(error.code);
  return error instanceof UnreachableError;
};

/**
 * Whether it is a matter of rights or of credentials. Waiting does not help as a rule, but who had them before loses them
 * for some seconds where a server restarts: it refuses until it has read its roles and bindings (kubernetes#121635).
 */
export const isDenied = (error: unknown): boolean =>
  error instanceof ForbiddenError || (error instanceof ApiError && [401, 403].includes(error.code));
