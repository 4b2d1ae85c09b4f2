/** Scans both sides and carries changes out until nothing is left to do. */
import type { Clock } from '../../../../src/clock.ts';
import { isSameSnapshot, type TreeSnapshot } from '../transfers/tree-snapshot.ts';

export interface FlushOptions {
  /** Brings both trees up to date. Returns false where git did not let go of the files. */
  readonly refresh: (everything: boolean) => Promise<boolean>;
  /** Reconciles once. */
  readonly cycle: () => Promise<CycleResult>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface CycleResult {
  /** Changes that there were to be carried out. */
  readonly changes: number;
  /** Changes that wait until the container has started. */
  readonly waiting: number;
  /** What both sides were when something failed; undefined where nothing did. */
  readonly failedAt: TreeSnapshot | undefined;
  /** Large files that it has left on their way: nothing is known before they are there. */
  readonly beside: number;
}

/** How many rounds there are at most, and how long the pause after a failure is, in milliseconds. */
const [maxRounds, failurePause] = [6, 200];
/** How often it is asked whether a container has started, in milliseconds. */
const startPause = 500;

/**
 * What failed because it was being written to is tried again; what fails again, unchanged, is left. Returns false where
 * git did not let go of the files.
 */
export async function flushUntilDone({ refresh, cycle, clock, signal }: FlushOptions): Promise<boolean> {
  let failed: TreeSnapshot | undefined;
  for (let round = 0; round < maxRounds; round++) {
    const everything = round === 0 || failed !== undefined;
    if (!(await refresh(everything))) return false;
    const { changes, waiting, failedAt, beside } = await cycle();
    if (beside > 0) return true;
    if (waiting > 0) {
      await clock.sleep(startPause, signal);
      round = 0;
      continue;
    }
    if (changes === 0 || (failed && failedAt && isSameSnapshot(failed, failedAt))) return true;
    failed = failedAt;
    if (failed) await clock.sleep(failurePause, signal);
  }
  return true;
}
