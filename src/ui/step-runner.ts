/** What every reporter does the same: order, groups, failures, and the memory of warnings. */
import type { Step, StepGroup } from './reporter.ts';

/** The steps of one entry of a run. */
export function stepsOf(entry: Step | StepGroup): readonly Step[] {
  return 'concurrent' in entry ? entry.concurrent : [entry];
}

/**
 * Runs groups in order and the steps of a group side by side. After a failure nothing new begins; what runs
 * is awaited, then the failure that came first is thrown.
 *
 * `isOwn` tells a step's own failure from one that an earlier failure of the same group only passed on to it:
 * such a step was stopped, and did not fail.
 */
export async function runInOrder<S>(
  groups: readonly (readonly S[])[],
  runStep: (step: S, isOwn: (error: unknown) => boolean) => Promise<void>,
): Promise<void> {
  for (const group of groups) {
    const failures: unknown[] = [];
    const isOwn = (error: unknown) => !failures.includes(error);
    const running = group.map(async (step) => {
      try {
        await runStep(step, isOwn);
      } catch (error) {
        failures.push(error);
      }
    });
    await Promise.all(running);
    if (failures.length > 0) throw failures[0];
  }
}

/** Warnings in order, each once. */
export class Warnings {
  readonly list: string[] = [];

  /** False where it was said before. */
  add(text: string): boolean {
    if (this.list.includes(text)) return false;
    this.list.push(text);
    return true;
  }
}
