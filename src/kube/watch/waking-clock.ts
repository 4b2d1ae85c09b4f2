/** Long pauses of an outage, which end when the API server is back. */
import { onAbort } from '../../async/abort.ts';
import type { Clock } from '../../clock.ts';
import type { KubeClient } from '../api/client.ts';
import { answers } from './until-answers.ts';

/** Pauses from so many milliseconds on are ended early. Shorter ones are hardly worth a question. */
const LONG_MS = 4_000;
/** Between two questions. */
const PERIOD_MS = 1_500;
/** All that waited for one server go on within so many milliseconds, and not at once. */
const SPREAD_MS = 500;

/** Asks a server whether it is back, for all that pause because it is away. */
class Lookout {
  readonly #kube: KubeClient;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #stop: AbortController | undefined;

  constructor(kube: KubeClient, clock: Clock) {
    this.#kube = kube;
    this.#clock = clock;
  }

  /** Calls back once the server answers that did not before; returns what ends that. */
  await(isBack: () => void): () => void {
    this.#waiting.add(isBack);
    if (!this.#stop) {
      this.#stop = new AbortController();
      this.#look(this.#stop.signal).catch(() => {});
    }
    return () => {
      this.#waiting.delete(isBack);
      if (this.#waiting.size === 0) this.#end();
    };
  }

  async #look(signal: AbortSignal): Promise<void> {
    for (let wasAway = false; ; ) {
      const isAway = !(await answers(this.#kube, { signal }));
      if (wasAway && !isAway) for (const isBack of [...this.#waiting]) isBack();
      wasAway = isAway;
      await this.#clock.sleep(PERIOD_MS, signal);
    }
  }

  #end(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }
}

const lookouts = new WeakMap<KubeClient, Lookout>();

function lookoutFor(kube: KubeClient, clock: Clock): Lookout {
  const lookout = lookouts.get(kube) ?? new Lookout(kube, clock);
  lookouts.set(kube, lookout);
  return lookout;
}

/**
 * A clock for pauses after attempts that have failed: a long one ends early where the API server does not answer
 * during it, and then does. Whoever pauses longer and longer through an outage need not wait out the last pause. One that
 * answers all along, whatever it says, cuts no pause short.
 */
export function wakingClock(kube: KubeClient, clock: Clock): Clock {
  return {
    ...clock,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      if (ms < LONG_MS) return clock.sleep(ms, signal);
      const woken = new AbortController();
      const forget = signal && onAbort(signal, () => woken.abort());
      const leave = lookoutFor(kube, clock).await(() => woken.abort());
      try {
        await clock.sleep(ms, woken.signal).catch(() => {});
      } finally {
        leave();
        forget?.();
      }
      signal?.throwIfAborted();
      if (woken.signal.aborted) await clock.sleep(Math.random() * SPREAD_MS, signal);
    },
  };
}
