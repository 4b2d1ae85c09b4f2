/** What an engine may tell while it works. Engines get a Reporter and never see a terminal. */
import type { Dashboard } from './dashboard.ts';

/** How far a step is. Totals may be unknown at first and may grow. */
export interface Progress {
  /** What is done by now, where that begins anew within one step: `comparing`. */
  readonly doing?: string;
  /** What there is in all is still being counted: no total is known so far. */
  readonly counting?: boolean;
  readonly bytes?: number;
  readonly totalBytes?: number;
  readonly items?: number;
  readonly totalItems?: number;
  /** What `items` counts, in the plural: `files`, `objects`. */
  readonly unit?: string;
  /** Bytes a second. */
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
}

/** The running step's own view of its line. */
export interface StepHandle {
  /** Replaces the title, e.g. when it is done: `Source claim: 1.2 GiB used of 10 GiB, Bound`. */
  title(text: string): void;
  /** A short remark on what it is doing or waiting for right now. */
  detail(text: string): void;
  progress(progress: Progress): void;
  /** Something the person should know, kept after the step is gone. */
  warn(text: string): void;
}

/** One step of a run. Its title says what is done in words a user knows. */
export interface Step {
  readonly title: string;
  /** Does the work; a rejection fails the step and the run. */
  run(handle: StepHandle): Promise<void>;
}

/** Steps that run side by side, shown one below the other. */
export interface StepGroup {
  readonly concurrent: readonly Step[];
}

export interface Reporter {
  /**
   * Runs steps in order, groups side by side, and shows them. Rejects with the first failure, after every
   * step that had begun has settled (an engine aborts its siblings through its own signal).
   */
  run(steps: readonly (Step | StepGroup)[]): Promise<void>;
  /** One line that stays. */
  info(text: string): void;
  warn(text: string): void;
  /** Only with `--verbose`. */
  debug(text: string): void;
}

/** A reporter that also remembers what was warned of, for the JSON document at the end. */
export interface CollectingReporter extends Reporter {
  /** A view that a command draws itself; absent where nothing can be redrawn. */
  openDashboard?(input: NodeJS.ReadStream): Dashboard;
  /** Every warning so far, of steps too, in order, each once. */
  readonly warnings: readonly string[];
}
