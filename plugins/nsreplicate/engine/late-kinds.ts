/** Kinds of the primary that are not known yet, since the API server of their group did not answer. */
import { X8sError } from '../../../src/errors.ts';
import { backOff } from '../../../src/kube/back-off.ts';
import { chooseKinds, type KindChoice } from './kinds.ts';
import type { TaskOptions } from './task-options.ts';

const pause = { firstMs: 2000, mostMs: 30_000 };

/** What is said of such a group. */
export const isSilent = (): X8sError =>
  new X8sError('its API server does not answer, so it is not known which kinds it has');

/**
 * Asks again until all groups answer. Where kinds came to light that the rules mean, the run begins anew with them.
 * @param still hears which groups remain
 */
export async function awaitKinds(
  { primary, spec, clock, signal, beginAnew, broken }: TaskOptions,
  { kinds, silent }: KindChoice,
  still: (silent: readonly string[]) => void,
): Promise<void> {
  const known = new Set(kinds.map(({ name }) => name));
  for (let left = silent, asked = 0; left.length > 0 && !signal.aborted; asked++) {
    await clock.sleep(backOff(asked, pause), signal).catch(() => undefined);
    try {
      const now = await chooseKinds(primary, spec.rules, { signal });
      const came = now.kinds.filter(({ name }) => !known.has(name)).map(({ name }) => name);
      if (came.length > 0)
        return beginAnew(new X8sError(`${primary.name} answers for ${came.join(', ')} again.`));
      left = now.silent;
      still(left);
    } catch (error) {
      // That the primary does not answer is said by its lists.
      if (!(error instanceof X8sError) && !signal.aborted) return broken(error);
    }
  }
}
