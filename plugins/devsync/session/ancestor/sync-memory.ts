/** What is remembered of a sync while its streams come and go. */
import { RecentChanges } from '../../reconcile/losses.ts';
import type { Side } from '../status/state.ts';
import { Confirmations } from './confirmations.ts';
import type { StartUpTimes } from './start-up.ts';
import { UnansweredOperations } from './unanswered-operations.ts';

/** Holds back programs of containers that begin. */
interface Holding {
  holds(containerId: string): boolean;
}

export class SyncMemory {
  #gate: Holding | undefined;
  #starting: { readonly containerId: string; readonly times: StartUpTimes } | undefined;

  /** What earlier streams have left unanswered. */
  readonly unanswered = new UnansweredOperations();
  /** What was carried over to each side just now: a stream that breaks makes no deletion less of an accident. */
  readonly recent: Readonly<Record<Side, RecentChanges>> = {
    local: new RecentChanges(),
    container: new RecentChanges(),
  };

  /** What it is held for: a person who confirms that means it, whichever look finds it. */
  readonly confirmations = new Confirmations();

  /** How long this container has been starting: a stream that breaks does not make it start again. */
  startUpTimes(containerId: string): StartUpTimes {
    if (this.#starting?.containerId !== containerId)
      this.#starting = { containerId, times: { began: undefined, changed: 0 } };
    this.#starting.times.isHeld = this.isHeld(containerId);
    return this.#starting.times;
  }

  /** Programs are held back by this from now on; undefined: they go on. @param now monotonic milliseconds. */
  holdBack(gate: Holding | undefined, now: number): void {
    this.#gate = gate;
    const times = this.#starting?.times;
    if (gate === undefined && times?.isHeld)
      Object.assign(times, { isHeld: false, began: now, changed: now });
  }

  /** Whether this container's program is held back. */
  isHeld(containerId: string): boolean {
    return this.#gate?.holds(containerId) ?? false;
  }
}
