/** A container's log, line by line, also over a connection that breaks. */
import { GrowingPauses } from '../../async/back-off.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { X8sError } from '../../errors.ts';
import type { KubeClient, RawRequest } from '../api/client.ts';
import { ConnectionError } from '../api/connection-error.ts';
import type { Pod } from '../api/objects.ts';
import { objectName, pathOf, pods } from '../api/resources.ts';
import { type LogLine, SeenLines, splitLines } from './log-lines.ts';

export interface LogOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Go on until the container has ended; otherwise only what there is now. */
  readonly follow?: boolean | undefined;
  /** Only so many of the last lines that are there at the start. */
  readonly tailLines?: number | undefined;
  /** Only lines of the last so many seconds before the start. */
  readonly sinceSeconds?: number | undefined;
  /** Longer lines are cut, and end with an ellipsis; 1 MiB where absent. */
  readonly maxLineBytes?: number | undefined;
  /** For how many milliseconds a log that broke off is tried again; a minute where absent. */
  readonly patienceMs?: number | undefined;
  /**
   * After so many milliseconds without a line, a followed log is opened anew: nothing else tells a silent container
   * from a dead connection. A minute where absent.
   */
  readonly idleMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
}

/** A followed log said nothing for `idleMs`. */
class Silence extends Error {
  override readonly name = 'Silence';
}

/**
 * The lines of a container's log. A followed log is opened again where its connection breaks, and neither leaves out
 * a line nor gives one twice; it ends when the container has ended or its pod is gone. A container that is restarted
 * in its pod is followed on.
 * Rejects with an ApiError where the log can't be had at first, with the signal's reason, and with the last failure
 * once `patienceMs` have passed.
 */
export async function* followLogs(kube: KubeClient, options: LogOptions): AsyncGenerator<string> {
  const log = new ContainerLog(kube, options);
  do yield* log.read();
  while (await log.goesOn());
}

/** One log, over as many connections as it takes. */
class ContainerLog {
  readonly #kube: KubeClient;
  readonly #options: LogOptions;
  readonly #clock: Clock;
  readonly #seen = new SeenLines();
  /** Of the pod that it began with: a later one of the same name is another one. */
  readonly #uid: Promise<string | undefined>;
  #isOpen = false;
  #hasEnded: boolean;
  #failure: unknown;
  readonly #pauses: GrowingPauses;
  #goodAt: number;

  constructor(kube: KubeClient, options: LogOptions) {
    this.#kube = kube;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#pauses = new GrowingPauses({ firstMs: 100, mostMs: 5_000 }, this.#clock);
    this.#goodAt = this.#clock.monotonic();
    this.#hasEnded = !options.follow;
    this.#uid = options.follow
      ? this.#pod().then(
          (pod) => pod?.metadata.uid,
          () => undefined,
        )
      : Promise.resolve(undefined);
  }

  /** What one connection gives that was not seen before. */
  async *read(): AsyncGenerator<string> {
    this.#failure = undefined;
    try {
      for await (const line of this.#lines()) if (this.#seen.add(line)) yield line.text;
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (!this.#isOpen && !(error instanceof ConnectionError || error instanceof Silence)) throw error;
      this.#failure = error;
    }
  }

  /** Whether there may be more; waits until it is time to look. */
  async goesOn(): Promise<boolean> {
    const { signal, patienceMs = 60_000 } = this.#options;
    if (this.#failure instanceof Silence) return true;
    // What a container says last may come after its end was heard of: one more reading tells it all.
    if (this.#failure === undefined && this.#hasEnded) return false;
    const state = await this.#state();
    if (state === 'gone') return false;
    if (state === 'ended') this.#hasEnded = true;
    if (state === 'waiting' || this.#failure === undefined) this.#goodAt = this.#clock.monotonic();
    if (this.#clock.monotonic() - this.#goodAt > patienceMs) throw this.#failure;
    if (state === 'ended' && this.#failure === undefined) return true;
    await this.#pauses.wait(signal);
    return true;
  }

  async *#lines(): AsyncGenerator<LogLine> {
    const { idleMs = 60_000, maxLineBytes = 1024 * 1024, signal } = this.#options;
    const quiet = new AbortController();
    const timer = setTimeout(() => quiet.abort(new Silence('no line')), idleMs);
    const either = AbortSignal.any([quiet.signal, ...(signal ? [signal] : [])]);
    try {
      // A followed log's answer may begin with its first line, which may be hours away: no limit but ours.
      const body = await this.#kube.stream({ ...this.#request(), signal: either, timeoutMs: 0 });
      this.#isOpen = true;
      for await (const line of splitLines(body, maxLineBytes)) {
        timer.refresh();
        this.#pauses.reset();
        this.#goodAt = this.#clock.monotonic();
        yield line;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #request(): RawRequest {
    const { namespace, pod, container, tailLines, sinceSeconds } = this.#options;
    const sinceTime = this.#seen.reopen();
    return {
      method: 'GET',
      path: pathOf(pods, { namespace, name: pod, subresource: 'log' }),
      query: {
        container,
        timestamps: true,
        follow: this.#hasEnded ? undefined : true,
        ...(sinceTime === undefined ? { tailLines, sinceSeconds } : { sinceTime }),
      },
      what: `log of ${container} in ${objectName(pods, { namespace, name: pod })}`,
    };
  }

  /** What has become of the container; unknown where the cluster does not answer right now. */
  async #state(): Promise<'gone' | 'ended' | 'waiting' | 'running' | 'unknown'> {
    const { container, signal } = this.#options;
    try {
      const pod = await this.#pod();
      const uid = await this.#uid;
      if (!pod || (uid !== undefined && pod.metadata.uid !== uid)) return 'gone';
      const {
        containerStatuses = [],
        initContainerStatuses = [],
        ephemeralContainerStatuses = [],
      } = pod.status ?? {};
      const all = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
      const state = all.find(({ name }) => name === container)?.state;
      if (state?.terminated) return 'ended';
      return state?.waiting ? 'waiting' : 'running';
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof X8sError)) throw error;
      return 'unknown';
    }
  }

  #pod(): Promise<Pod | undefined> {
    const { namespace, pod, signal } = this.#options;
    return this.#kube.find(pods, { namespace, name: pod }, { signal });
  }
}
