/** Errors as a client of the service gets to see them: problem details (RFC 9457). */
import { messageOf, RefusedError, UsageError, X8sError } from '../../../../src/errors.ts';

export interface ProblemDocument {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** What to do next. */
  readonly hint?: string;
}

/** Titles are the reason phrases of the status, as RFC 9457 asks for where the type is about:blank. */
const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

export interface ProblemOptions {
  readonly hint?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is no success. Its detail is shown to whoever asked, so it holds no secret. */
export class Problem extends Error {
  readonly status: number;
  readonly hint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, detail: string, { hint, headers = {} }: ProblemOptions = {}) {
    super(detail);
    this.status = status;
    this.hint = hint;
    this.headers = headers;
  }

  get document(): ProblemDocument {
    const title = titles[this.status] ?? 'Error';
    const { status, message: detail, hint } = this;
    return { type: 'about:blank', title, status, detail, ...(hint === undefined ? {} : { hint }) };
  }
}

/** Tells a client to come back later. @param seconds at least 1 */
export function tooMany(detail: string, seconds: number): Problem {
  const wait = String(Math.max(1, Math.ceil(seconds)));
  return new Problem(429, detail, { headers: { 'retry-after': wait } });
}

/** All that a client hears of what went wrong within this program. */
export const defect = (): Problem => new Problem(500, 'This is a defect of the service; its log says more.');

/** What an error of the engine means to a client: a cluster said no, or did not answer; undefined where it is a defect. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  const hint = error instanceof Error && 'hint' in error ? (error.hint as string | undefined) : undefined;
  if (error instanceof UsageError) return new Problem(400, error.message, { hint });
  if (error instanceof RefusedError) return new Problem(409, error.message, { hint });
  if (error instanceof X8sError) return new Problem(502, messageOf(error), { hint });
  return undefined;
}
