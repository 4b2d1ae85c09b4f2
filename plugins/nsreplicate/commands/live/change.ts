/** One thing that came of the work on an object, as a person is told of it. */
import { formatDuration } from '../../../../src/ui/format.ts';
import { describe, type ObjectKey } from '../../objects/keys.ts';

export interface Change {
  readonly replica: string;
  /** Its kind and place, on the replica. */
  readonly key: ObjectKey;
  /** `created`, `pruned`, … or `failed`. */
  readonly did: string;
  /** Why it failed. */
  readonly reason?: string | undefined;
  /** Milliseconds from seeing the change to its being written, or those of the work; undefined where it failed. */
  readonly ms?: number | undefined;
}

/** `created ConfigMap shop/c on standby, 12ms`. */
export function changeText({ did, key, replica, reason, ms }: Change): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  const took = ms === undefined ? '' : `, ${formatDuration(ms)}`;
  return `${did} ${describe(key)} on ${replica}${took}${why}`;
}

/** What is nothing new to anybody. */
const quiet = new Set(['unchanged', 'gone', 'left']);
export const isQuiet = (did: string): boolean => quiet.has(did);
