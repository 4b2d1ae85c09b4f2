/** Waits for git, which is in the middle of something: what is there meanwhile is nobody's intention. */
import type { Clock } from '../../../src/clock.ts';

export interface PastGitOptions {
  /** Git is changing the files. */
  readonly isBusy: () => boolean;
  /** Nothing would be carried over anyway: there is nothing to wait for. */
  readonly isIdle: () => boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Whoever asks for something waits so many milliseconds for git. */
const patience = 30_000;
/** How often git's lock is looked at, and how long after it HEAD is moved, in milliseconds. */
const [poll, settling] = [25, 15];

/** What is said where patience has come to its end. */
export const gitIsBusy = 'git is changing the files';

/**
 * Looks while git does nothing, and again where git began meanwhile. Returns false where git was not done in time: what
 * was seen is not to be carried over then. Rejects with the signal's reason.
 */
export async function lookPastGit(options: PastGitOptions, look?: () => Promise<unknown>): Promise<boolean> {
  const { isBusy, isIdle, clock, signal } = options;
  const until = clock.monotonic() + patience;
  const isHeld = () => isBusy() && !isIdle();
  do {
    const wasHeld = isHeld();
    while (isHeld()) {
      if (clock.monotonic() >= until) return false;
      await clock.sleep(poll, signal);
    }
    if (wasHeld) await clock.sleep(settling, signal);
    await look?.();
  } while (isHeld());
  return true;
}
