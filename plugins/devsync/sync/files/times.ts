/** Times of files: those that they have where they come from, or those of their arrival. */
import type { File } from '../../reconcile/entry.ts';

export const timeModes = ['kept', 'arrival'] as const;
export type TimeMode = (typeof timeModes)[number];

/**
 * Gives a file its time. A file of somebody else keeps that of its arrival, as nobody but its owner may choose one.
 *
 * @param modified milliseconds since 1970. @param set is given seconds.
 */
export function giveTime(modified: File['modified'], set: (seconds: number) => void): void {
  if (modified === undefined) return;
  try {
    set(modified / 1000);
  } catch {
    // It has the right content, which counts.
  }
}
