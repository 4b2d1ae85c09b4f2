/** What a look at two claims found out, one thing at a time. */
import {
  ExitCode,
  exitCodeOf,
  ForbiddenError,
  messageOf,
  RefusedError,
  UsageError,
  X8sError,
} from '../../../src/errors.ts';
import type { Role } from '../objects/sides.ts';

export interface Finding {
  readonly side: Role | 'both';
  /** What was looked at: `permissions`, `quota`, `image`, … */
  readonly check: string;
  /** `note`: a copy goes on with it, and it is worth knowing. */
  readonly verdict: 'ok' | 'note' | 'failed';
  readonly message: string;
  /** What to give, or to do. */
  readonly hint?: string | undefined;
  /** What a copy would end with; of failed ones. */
  readonly exitCode?: ExitCode | undefined;
}

type Place = Pick<Finding, 'side' | 'check'>;

export const ok = (place: Place, message: string): Finding => ({ ...place, verdict: 'ok', message });

export const note = (place: Place, message: string, hint?: string): Finding => ({
  ...place,
  verdict: 'note',
  message,
  ...(hint !== undefined && { hint }),
});

/** A copy would fail with this error. */
export function failed(place: Place, error: unknown): Finding {
  const [details, hint] = error instanceof X8sError ? [error.details, error.hint] : [[], undefined];
  const message = [messageOf(error), ...details].join('; ');
  return { ...place, verdict: 'failed', message, hint, exitCode: exitCodeOf(error) };
}

/** Does a check; what keeps it from being done is a finding as well. @throws the signal's reason. */
export async function checked(
  place: Place,
  signal: AbortSignal,
  check: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await check();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return [failed(place, error)];
  }
}

/** The error of all that failed, with the exit code of the first: what a copy would end with. Undefined where nothing did. */
export function errorOf(findings: readonly Finding[]): X8sError | undefined {
  const all = findings.filter(({ verdict }) => verdict === 'failed');
  const [first] = all;
  if (!first) return undefined;
  const more = {
    details: all.map(({ side, check, message }) => `${side}: ${check}: ${message}`),
    hint: all.find(({ hint }) => hint !== undefined)?.hint,
  };
  const message = `a copy would fail: ${all.length} of ${findings.length} checks did`;
  switch (first.exitCode) {
    case ExitCode.refused:
      return new RefusedError(message, more);
    case ExitCode.unreachable:
      return new ForbiddenError(message, more);
    case ExitCode.usage:
      return new UsageError(message, more);
    default:
      return new X8sError(message, more);
  }
}
