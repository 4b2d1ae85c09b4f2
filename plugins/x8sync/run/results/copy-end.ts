/** What becomes of a copy whose target came into use while it was made. Pure. */
import { IncompleteError } from '../../../../src/errors.ts';
import type { MoverEnd } from '../../mover/protocol/protocol.ts';
import type { CopyResult } from '../request/request.ts';

/** A mover's end, with what it can't know itself. */
export interface CopyEnd extends MoverEnd {
  /** Pods that came to write to the target meanwhile. */
  readonly targetUsers?: readonly string[] | undefined;
}

/** Whether the mover came to its end: all, or all that could be, was copied or compared. */
export function isThrough({ outcome }: MoverEnd): boolean {
  return outcome === 'ok' || outcome === 'partial' || outcome === 'differs';
}

/** That others wrote to the target, in one line. */
export const usersText = (users: readonly string[]): string =>
  `pod ${users.join(', ')} came to use the target claim meanwhile`;

/** The end of a copy beside which others wrote to the target: nobody can say that all arrived, and stayed as it was. */
export function withUsers(end: CopyEnd, targetUsers: readonly string[]): CopyEnd {
  if (targetUsers.length === 0 || !isThrough(end)) return end;
  const message = [end.message, usersText(targetUsers)].filter((text) => text !== '').join('; ');
  const outcome = end.outcome === 'ok' ? 'partial' : end.outcome;
  return { ...end, outcome, message, lossOnly: undefined, targetUsers };
}

/** The error of such a copy: exit 5. */
export function usersError(
  {
    targetUsers = [],
    target,
    message,
    diagnostics,
  }: Pick<CopyResult, 'targetUsers' | 'target' | 'message' | 'diagnostics'>,
  again: string,
): IncompleteError | undefined {
  if (targetUsers.length === 0) return undefined;
  return new IncompleteError(
    `target claim ${target} came into use by pod ${targetUsers.join(', ')} while it was copied to`,
    {
      details: [
        'its files may differ from those of the source, and what the pod wrote may be overwritten',
        ...(message === usersText(targetUsers) ? [] : [message, ...diagnostics.slice(-10)]),
      ],
      hint: `scale its workload down, and ${again}, with --verify to compare both sides; --allow-mounted is for a workload that can bear it`,
    },
  );
}
