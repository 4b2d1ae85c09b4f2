/** What a person is told of a run that failed or was interrupted: what stays, what is gone, and how to go on. Pure. */
import { ExitCode, exitCodeOf, InterruptedError } from '../../../../src/errors.ts';
import { type CopyRequest, furtherRun } from '../request/request.ts';

/** What a copy came to, in words, once its mover has ended well. */
export interface DoneCopy {
  readonly text: string;
  readonly isWhole: boolean;
}

/** Of an interrupted run of a task that a person named, which stays in the clusters. */
export function staysError(
  error: unknown,
  { name, context, isRelayed }: Readonly<{ name: string | undefined; context: string; isRelayed: boolean }>,
): InterruptedError {
  return new InterruptedError(
    signalOf(error),
    `interrupted; task ${name} stays in the clusters as it is, and ${isRelayed ? 'its mover waits, since what it copies passed through this workstation' : 'a mover that runs goes on'}`,
    {
      hint: `run the same command again to take it up, or end it: kubectl x8sync cleanup ${name} --context ${context}`,
    },
  );
}

/** A clean-up is worth a word: who pressed Ctrl-C wants to know what is left. */
export function cleanedUpError(
  error: unknown,
  request: Pick<CopyRequest, 'mode' | 'name'>,
  done: DoneCopy | undefined,
): InterruptedError {
  const cleaned = 'all that the task had made is cleaned up';
  if (done)
    return new InterruptedError(signalOf(error), `interrupted; ${done.text}, and ${cleaned}`, {
      hint: done.isWhole ? undefined : `${furtherRun(request)} for the rest`,
    });
  return new InterruptedError(signalOf(error), `interrupted; ${cleaned}`, {
    hint: `files that were copied so far stay at the target; ${furtherRun(request)} for the rest`,
  });
}

/** Of a run that was interrupted before it had made anything; what an earlier run left stays as it was. */
export function nothingMadeError(error: unknown): InterruptedError {
  return new InterruptedError(signalOf(error), 'interrupted; this run had made nothing yet');
}

const signalOf = (error: unknown) => (exitCodeOf(error) === ExitCode.terminated ? 'SIGTERM' : 'SIGINT');
