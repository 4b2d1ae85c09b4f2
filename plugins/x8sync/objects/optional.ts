/** What helps where it can be had, and is done without where it can't. */
import { messageOf } from '../../../src/errors.ts';
import { refusalIn } from '../../../src/kube/refusal.ts';

/**
 * Awaits what is not needed everywhere: a NetworkPolicy is needed only where others deny traffic by default, many users
 * may not make one, and a policy or a quota may be against it. Resolves with why it could not be made, for a failure
 * that it could have spared; with nothing where it was made.
 */
export async function optionally(attempt: Promise<unknown>): Promise<string[]> {
  try {
    await attempt;
    return [];
  } catch (error) {
    if (refusalIn(error)) return [messageOf(error)];
    throw error;
  }
}
