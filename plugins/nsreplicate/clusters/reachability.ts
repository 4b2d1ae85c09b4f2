/** Whether a cluster answers, asked now and then while it does not. */
import { backOff } from '../../../src/async/back-off.ts';
import type { Clock } from '../../../src/clock.ts';
import type { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
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
    for (let failures = 0; this.#away && !signal.aborted; failures++) {
      await clock.sleep(backOff(failures, pause), signal).catch(() => undefined);
      const request = { method: 'GET', path: '/version', signal, timeoutMs: PROBE_MS } as const;
      const answered = await kube.request(request).then(
        () => true,
        (error) => !isAway(error),
      );
      if (answered && !signal.aborted) this.found();
    }
  }
}
