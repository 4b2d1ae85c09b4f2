/** Whether a cluster answers, asked now and then while it does not. */
import { retryUntilAborted } from '../../../src/async/retry.ts';
import type { Clock } from '../../../src/clock.ts';
import type { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { isAway } from './failure.ts';

const pause = { firstMs: 250, mostMs: 5000 };
const PROBE_MS = 5000;

export interface ReachabilityOptions {
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** It went away, or came back. */
  readonly changed: () => void;
}

export class Reachability {
  readonly #options: ReachabilityOptions;
  #away: X8sError | undefined;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
  }

  /** Why it does not answer; undefined while it does. */
  get away(): X8sError | undefined {
    return this.#away;
  }

  /** It did not answer: looks until it does. */
  lost(error: X8sError): void {
    if (this.#away) return;
    this.#away = error;
    this.#options.changed();
    void this.#probe();
  }

  /** It answered. */
  found(): void {
    if (!this.#away) return;
    this.#away = undefined;
    this.#options.changed();
  }

  async #probe(): Promise<void> {
    const { kube, clock, signal } = this.#options;
    const ask = async (): Promise<void> => {
      // Something else that was asked of it may have been answered meanwhile.
      if (!this.#away) return;
      const request = { method: 'GET', path: '/version', signal, timeoutMs: PROBE_MS } as const;
      await kube.request(request).catch((error: unknown) => {
        // That it refuses is an answer.
        if (signal.aborted || isAway(error)) throw error;
      });
      this.found();
    };
    await retryUntilAborted(ask, { pause, pauseFirst: true, clock, signal, failed: () => {} });
  }
}
