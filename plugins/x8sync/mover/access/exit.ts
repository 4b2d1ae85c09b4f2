/** How a copy ends. */
import type { MoverEnd, MoverOutcome, Room } from '../protocol/protocol.ts';
import type { MessageWriter } from '../protocol/runtime.ts';
import { isNetworkCode, isStarved, meaningOf } from '../rsync/codes.ts';
import type { ErrorReader } from '../rsync/errors.ts';

/** Thrown from wherever it is found that the copy ends, or returned. */
export class MoverExit extends Error {
  readonly outcome: MoverOutcome;
  readonly room: Room | undefined;
  /** All is copied, as far as the target and the pod's user can keep it. */
  readonly isLossOnly: boolean;

  constructor(outcome: MoverOutcome, message: string, room?: Room, isLossOnly = false) {
    super(message);
    this.outcome = outcome;
    this.room = room;
    this.isLossOnly = isLossOnly;
  }
}

/** No address of the source answers. */
export class Unreachable extends Error {}

/** What answers has another host key, or does not take ours. */
export class WrongKey extends Error {}

/** How work ends, well or not. Never rejects. */
export async function exitOf(work: () => Promise<MoverExit>, messages: MessageWriter): Promise<MoverExit> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MoverExit) return error;
    if (error instanceof WrongKey) return new MoverExit('auth', error.message);
    if (error instanceof Unreachable)
      return new MoverExit('unreachable', `the connection to the source broke: ${error.message}`);
    const { message, stack = '' } = error as Error;
    messages.log('error', stack);
    return new MoverExit('failed', `the mover stopped where it should not: ${message}`);
  }
}

/** Whether rsync went through, and at most some files are missing. */
export function isThrough(code: number): boolean {
  return code === 0 || code === 23 || code === 24 || code === 25;
}

type RsyncErrors = Pick<ErrorReader, 'said' | 'failed' | 'full' | 'refused' | 'vanished' | 'undeleted'>;

/**
 * What rsync's last code comes to.
 *
 * @param lost kinds of things that could not be kept.
 */
export function verdictOf(
  code: number,
  { said, failed, full, refused, vanished, undeleted }: RsyncErrors,
  lost: readonly string[],
): MoverExit {
  const meaning = meaningOf(code);
  const inWords = said === undefined ? meaning : `${meaning}: ${said}`;
  const losses = `copied, but this could not be kept: ${lost.join(' ')}`;
  if (full)
    return new MoverExit('no-room', 'the target ran full while it was copied to; what arrived is kept');
  const lossy = new MoverExit('partial', losses, undefined, true);
  if (code === 0) return lost.length === 0 ? new MoverExit('ok', '') : lossy;
  // rsync's code is that of files that vanished, where there were such.
  if (code === 25 || (code === 24 && undeleted > 0)) return new MoverExit('partial', meaningOf(25));
  // Who vanished under one name may be there under another that was not listed any more.
  if (code === 24)
    return new MoverExit(
      'partial',
      `files went from the source, or got other names there, while it was copied: ${vanished}`,
    );
  if (code === 23) return failed === 0 && lost.length > 0 ? lossy : new MoverExit('partial', inWords);
  if (code === 20 || code === 143) return new MoverExit('interrupted', meaning);
  if (code === 11) return new MoverExit('io', inWords);
  if (isStarved(code)) return new MoverExit('failed', inWords);
  return new MoverExit(isNetworkCode(code, refused) ? 'unreachable' : 'source-failed', inWords);
}

/** Whether nothing is missing but what was known not to be kept: then the Job of a schedule is one that went well. */
export const isAsKnown = (
  { lossOnly = false, lost, verification }: Pick<MoverEnd, 'lossOnly' | 'lost' | 'verification'>,
  knownLosses: readonly string[],
): boolean =>
  lossOnly && (verification?.different ?? 0) === 0 && lost.every((kind) => knownLosses.includes(kind));
