/** Looks at the syncs of a watch, by asking as every other process does. */
import type { Clock } from '../../../../src/clock.ts';
import { askControl } from '../../control/socket.ts';
import type { FollowedSync } from '../../control/supervisor.ts';
import type { RunnerState } from '../../session/runner/runner-state.ts';
import type { Workstation } from '../../spec/workstation.ts';
import { Rates } from './rates.ts';
import type { SeenSync } from './view.ts';

export interface LookOptions {
  readonly workstation: Workstation;
  /** Where the watch is spoken to. */
  readonly watch: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A function that looks; what it returns is undefined where the watch does not answer. */
export function lookerAt(options: LookOptions): () => Promise<SeenSync[] | undefined> {
  const rates = new Rates();
  return async () => {
    try {
      const followed = await askControl(options.watch, 'status', {}, options);
      return await Promise.all((followed as FollowedSync[]).map((sync) => see(sync, rates, options)));
    } catch {
      return undefined;
    }
  };
}

async function see(
  sync: FollowedSync,
  rates: Rates,
  { workstation, clock, signal }: LookOptions,
): Promise<SeenSync> {
  const asked = askControl(workstation.socketOf(sync.uid), 'state', {}, { signal });
  const state = (await asked.catch(() => undefined)) as RunnerState | undefined;
  const { local, container } = state?.activity.bytes ?? { local: 0, container: 0 };
  return { ...sync, state, rate: rates.note(sync.uid, local + container, clock.monotonic()) };
}
