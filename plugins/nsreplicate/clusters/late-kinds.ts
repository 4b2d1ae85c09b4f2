/** Kinds of the primary that are not known yet: new ones, and those of a group whose API server did not answer. */
import { backOff } from '../../../src/async/back-off.ts';
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import type { TaskSpec } from '../decide/spec.ts';
import type { Cluster } from './cluster.ts';
import { chooseKinds, isLiteral, type KindChoice } from './kinds.ts';

const pause = { firstMs: 2000, mostMs: 30_000 };
/** How often it is asked whether there are new ones, where a rule means kinds by globs. */
const PERIOD_MS = 60_000;

/** What is said of such a group. */
export const isSilent = (): X8sError =>
  new X8sError('its API server does not answer, so it is not known which kinds it has');

export interface LateKindsOptions {
  readonly primary: Cluster;
  readonly spec: TaskSpec;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The kinds of the task are others now. */
  readonly startOver: (because: X8sError) => void;
  /** A defect of this program. */
  readonly broken: (error: unknown) => void;
}

/**
 * Asks again until all groups answer, or for ever where a glob may mean kinds that are yet to come. Where there is one
 * that the rules mean, the run begins anew with it.
 * @param still hears which groups remain
 */
export async function awaitKinds(
  { primary, spec, clock, signal, startOver, broken }: LateKindsOptions,
  { kinds, silent }: KindChoice,
  still: (silent: readonly string[]) => void,
): Promise<void> {
  const known = new Set(kinds.map(({ name }) => name));
  const isOpen = !spec.rules.every(isLiteral);
  for (let left = silent, asked = 0; (isOpen || left.length > 0) && !signal.aborted; asked++) {
    const waitMs = left.length > 0 ? backOff(asked, pause) : PERIOD_MS;
    await clock.sleep(waitMs, signal).catch(() => undefined);
    try {
      const now = await chooseKinds(primary, spec.rules, { signal, refresh: true });
      const came = now.kinds.filter(({ name }) => !known.has(name)).map(({ name }) => name);
      if (came.length > 0)
        return startOver(new X8sError(`primary ${primary.name} serves ${came.join(', ')} now`));
      left = now.silent;
      still(left);
    } catch (error) {
      // That the primary does not answer is said by its lists.
      if (!(error instanceof X8sError) && !signal.aborted) return broken(error);
    }
  }
}
