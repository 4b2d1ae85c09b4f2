/** Waits until changes pause, but not for ever, and not while git is at work. */

export interface DebounceOptions {
  /** Milliseconds without a hint after which it is quiet. */
  readonly quiet: number;
  /** The longest delay after the first hint, in milliseconds. */
  readonly cap: number;
  /** Whether git is changing the tree: then it is not synced yet. */
  readonly isBusy: () => boolean;
  readonly run: () => void;
}

/** A lock that a crashed git left behind must not stop everything. */
const gitCap = 60_000;
/** How often a lock is looked at, in milliseconds. */
const gitPoll = 10;
/** HEAD is moved right after the lock has gone. */
const gitSettle = 15;

export class Debounce {
  readonly #options: DebounceOptions;
  #timer: NodeJS.Timeout | undefined;
  #first = 0;
  #last = 0;
  #wasBusy = false;
  /** Git was busy for so long that its lock means nothing any more. */
  #isStuck = false;

  constructor(options: DebounceOptions) {
    this.#options = options;
  }

  /** Git is at work, and has not been for so long that its lock means nothing. */
  isHeldByGit(): boolean {
    const isLocked = this.#options.isBusy();
    this.#isStuck &&= isLocked;
    return isLocked && !this.#isStuck;
  }

  /** Something has changed. `settled`: and nothing more is to be waited for. */
  hint(settled = false): void {
    const now = performance.now();
    if (!settled) this.#last = now;
    if (this.#timer !== undefined) return;
    this.#first = now;
    this.#wait(settled ? 0 : this.#options.quiet);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#check(), milliseconds);
  }

  #check(): void {
    const { quiet, cap, isBusy, run } = this.#options;
    const now = performance.now();
    const isLocked = isBusy();
    this.#isStuck = isLocked && (this.#isStuck || now - this.#first >= gitCap);
    if (isLocked && !this.#isStuck) {
      this.#wasBusy = true;
      this.#wait(gitPoll);
      return;
    }
    if (this.#wasBusy) {
      this.#wasBusy = false;
      this.#wait(gitSettle);
      return;
    }
    const left = Math.min(quiet - (now - this.#last), cap - (now - this.#first));
    if (left > 0) {
      this.#wait(left);
      return;
    }
    this.#timer = undefined;
    run();
  }
}
