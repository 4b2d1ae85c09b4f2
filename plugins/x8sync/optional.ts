/** What helps where it is allowed, and is done without where it is not. */
import { isForbidden } from '../../src/kube/api-error.ts';

/**
 * A NetworkPolicy is needed only where others deny traffic by default, and many users may not make one: 403
 * is no failure then.
 */
export async function optional<T>(attempt: Promise<T>): Promise<T | undefined> {
  try {
    return await attempt;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}
