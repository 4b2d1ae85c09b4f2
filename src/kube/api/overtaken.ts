/** Writes that are based on what was read before: done again where somebody else has written in between. */
import { isAlreadyExists, isConflict, isNotFound } from './api-error.ts';

/** Writes that lose this often in a row meet something that writes all the time, not a neighbour. */
const defaultMost = 20;

export interface OvertakenOptions {
  /** How often it is tried in all. */
  readonly most?: number;
  /** Whether an error says that somebody was quicker; a conflict does where absent. */
  readonly isOvertaken?: (error: unknown) => boolean;
  /** Before it is tried again. @param failed how often it was overtaken so far */
  readonly pause?: (failed: number) => Promise<void>;
}

/** Of a write that makes what is not there, and replaces what is: the other way round by now. */
export const isOtherByNow = (error: unknown): boolean =>
  isConflict(error) || isAlreadyExists(error) || isNotFound(error);

/**
 * Does a write until nobody was quicker.
 *
 * @param attempt reads, and writes what follows from that; told how often it was overtaken so far
 * @throws what an attempt fails with otherwise; where it was overtaken too often, what the last one failed with.
 */
export async function untilNotOvertaken<T>(
  attempt: (failed: number) => Promise<T>,
  { most = defaultMost, isOvertaken = isConflict, pause }: OvertakenOptions = {},
): Promise<T> {
  for (let failed = 0; ; ) {
    try {
      return await attempt(failed);
    } catch (error) {
      failed += 1;
      if (!isOvertaken(error) || failed >= most) throw error;
    }
    await pause?.(failed);
  }
}
