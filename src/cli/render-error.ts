/** Errors as people and programs read them. */
import { messageOf, X8sError } from '../errors.ts';
import { forTerminal, shortened } from '../plain-text.ts';
import type { Style } from '../ui/style.ts';
import { formatVersion, type PluginInfo } from './version.ts';

/** An error that nobody foresaw: a bug of ours. */
export class UnexpectedError extends X8sError {
  override readonly name = 'UnexpectedError';

  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/**
 * What a thrown value stands for: itself where it is one of the suite's errors; the reason of the run's
 * signal where it only says that something was aborted; else a bug.
 */
export function failureOf(error: unknown, signal: AbortSignal): X8sError {
  if (error instanceof X8sError) return error;
  const { reason } = signal;
  if (signal.aborted && isAbortError(error))
    return reason instanceof X8sError ? reason : new UnexpectedError(reason);
  return new UnexpectedError(error);
}

/** Node's own, or the DOMException of web APIs: it tells nothing but that a signal was aborted. */
const isAbortError = (error: unknown) =>
  typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError';

/** For the document of `-o json`. */
export function describeError(error: X8sError): Record<string, unknown> {
  const { name, message, details, hint, exitCode } = error;
  return {
    type: name,
    message,
    ...(details.length > 0 ? { details } : {}),
    ...(hint === undefined ? {} : { hint }),
    exitCode,
  };
}

interface RenderOptions {
  readonly plugin: PluginInfo;
  readonly style: Style;
  readonly verbose: boolean;
}

/** The lines for stderr: what happened, why, what next. */
export function renderFailure(error: X8sError, { plugin, style, verbose }: RenderOptions): string {
  const details = verbose ? error.details : error.details.map(readable);
  const lines = [`${style.bad('error:')} ${error.message}`, ...details.map(indent)];
  if (error instanceof UnexpectedError)
    lines.push(`This is a bug in ${formatVersion(plugin)}; --verbose shows where.`);
  if (verbose) lines.push(...causesOf(error).map((cause) => style.faint(indent(cause))));
  if (error.hint !== undefined) lines.push(`${style.caution('hint:')} ${error.hint}`);
  return forTerminal(`${lines.join('\n')}\n`);
}

/** A path may have thousands of characters, and a person reads no more than this of a line; `-o json` has all of it. */
const mostOfLine = 1000;

const readable = (text: string) =>
  text
    .split('\n')
    .map((line) => shortened(line, mostOfLine))
    .join('\n');

const indent = (text: string) => text.replaceAll(/^/gm, '  ');

/** Stacks of bugs, messages of the rest; at most five, so that a circle ends. */
function causesOf(error: X8sError): string[] {
  const causes: string[] = [];
  let cause = error.cause;
  while (cause !== undefined && causes.length < 5) {
    const foreseen = cause instanceof X8sError;
    const stack = cause instanceof Error && !foreseen ? cause.stack : undefined;
    causes.push(`caused by: ${stack ?? messageOf(cause)}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}
