/** What a person is told where many copies were interrupted: what became of each, and how to go on with it. Pure. */
import { ExitCode, InterruptedError, messageOf, X8sError } from '../../../src/errors.ts';
import { formatCount, formatPlural } from '../../../src/ui/format.ts';
import { type BatchEntry, titleOf } from './outcome.ts';

/** One that has not come to an end of its own. */
export interface StoppedCopy {
  readonly label: string;
  readonly outcome: 'interrupted' | 'not begun';
  /** What the copy ended with: it tells what stays in the clusters, and what is gone. */
  readonly error?: unknown;
}

/** Each copy by what became of it. @param reason what has ended them */
export function interruptedBatch(
  copies: readonly (BatchEntry | StoppedCopy)[],
  reason: InterruptedError,
): InterruptedError {
  const count = (...outcomes: readonly (typeof copies)[number]['outcome'][]) =>
    copies.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const further = [
    [count('skipped'), 'copied before'],
    [count('incomplete'), 'not wholly'],
    [count('failed'), 'failed'],
    [count('interrupted'), 'interrupted'],
    [count('not begun'), 'not begun'],
  ] as const;
  const counts = [
    `${formatCount(count('copied'))} of ${formatPlural(copies.length, 'claim')} copied`,
    ...further.filter(([many]) => many > 0).map(([many, what]) => `${formatCount(many)} ${what}`),
  ];
  return new InterruptedError(
    reason.exitCode === ExitCode.terminated ? 'SIGTERM' : 'SIGINT',
    `interrupted; ${counts.join(', ')}`,
    {
      details: copies.flatMap(linesOf),
      hint: count('not begun') > 0 ? 'the same command begins what had not begun, too' : undefined,
    },
  );
}

/** Its line, and below it what else its error says: how to go on with one differs from how to go on with another. */
function linesOf(copy: BatchEntry | StoppedCopy): string[] {
  const { label, error } = copy;
  const about = error instanceof X8sError ? [...error.details, error.hint] : [];
  const further = about.filter((line) => line !== undefined).map((line) => `  ${line}`);
  return [`${label}: ${endOf(copy)}`, ...further];
}

const isStopped = (copy: BatchEntry | StoppedCopy): copy is StoppedCopy =>
  copy.outcome === 'interrupted' || copy.outcome === 'not begun';

function endOf(copy: BatchEntry | StoppedCopy): string {
  // What else is thrown by an interrupted one is the interruption of some request.
  if (isStopped(copy)) return copy.error instanceof X8sError ? messageOf(copy.error) : copy.outcome;
  if (copy.result) return titleOf(copy.result);
  return `${copy.outcome}: ${copy.error?.message ?? copy.message ?? ''}`;
}
