/** Says how far a long transfer has come, for who reads a log and has no live view. */
import type { Clock } from '../../../../src/clock.ts';
import type { Activity } from '../status/activity.ts';
import { progressWords } from '../status/progress.ts';

/** Milliseconds between two lines. */
const every = 10_000;

export interface TellOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onLog: (line: string) => void;
}

/** A line now and then while something is under way that was so at the last look already. Rejects with the signal. */
export async function tellProgress(
  activity: Pick<Activity, 'state'>,
  { clock, signal, onLog }: TellOptions,
): Promise<never> {
  let last: string | undefined;
  for (;;) {
    await clock.sleep(every, signal);
    const words = progressWords(activity.state.progress);
    if (words !== undefined && last !== undefined && words !== last) onLog(`syncing: ${words}`);
    last = words;
  }
}
