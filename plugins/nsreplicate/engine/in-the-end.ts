/** Questions to a cluster that have to be answered some time. */
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import { backOff } from '../../../src/kube/back-off.ts';

const pause = { firstMs: 500, mostMs: 30_000 };

export interface InTheEndOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A defect of this program. */
  readonly broken: (error: unknown) => void;
}

/** Asks as often as it takes: that a cluster does not answer for a while must not end a watch. */
export async function inTheEnd(
  ask: () => Promise<void>,
  { clock, signal, broken }: InTheEndOptions,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof X8sError)) return broken(error);
      await clock.sleep(backOff(failures, pause), signal).catch(() => undefined);
    }
  }
}
