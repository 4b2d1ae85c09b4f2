/** Waits for git while it changes the working tree: what the tree holds meanwhile is not what the user wants synced. */
import type { Clock } from '../../../../src/clock.ts';

export interface GitWaitOptions {
  /** Git is changing the files. */
  readonly isBusy: () => boolean;
  /** Nothing would be carried over anyway: there is nothing to wait for. */
  readonly isIdle: () => boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called where something was not done because of git: it is to be done later. */
  readonly onHeld: () => void;
}

/** How long a request waits for git, in milliseconds. */
const patience = 30_000;
/** How often git's lock is looked at, and how long after it HEAD is moved, in milliseconds. */
const [poll, settling] = [25, 15];

/** What is said where git was not done in time. */
export const gitIsBusy = 'git is changing the files';

export class GitWait {
  readonly #options: GitWaitOptions;

  constructor(options: GitWaitOptions) {
    this.#options = options;
  }

  /** Runs something unless git is at work: then it is for later. */
  async unlessBusy(run: () => Promise<unknown>): Promise<void> {
    if (this.#options.isBusy()) this.#options.onHeld();
    else await run();
  }

  /**
   * Looks while git does nothing, and again where git began meanwhile. Returns false where git was not done in time: what
   * was seen is not to be carried over then. Rejects with the signal's reason.
   */
  async after(look?: () => Promise<unknown>): Promise<boolean> {
    const { isBusy, isIdle, clock, signal, onHeld } = this.#options;
    const until = clock.monotonic() + patience;
    const isHeld = () => isBusy() && !isIdle();
    do {
      const wasHeld = isHeld();
      while (isHeld()) {
        if (clock.monotonic() >= until) {
          onHeld();
          return false;
        }
        await clock.sleep(poll, signal);
      }
      if (wasHeld) await clock.sleep(settling, signal);
      await look?.();
    } while (isHeld());
    return true;
  }
}
