/**
 * Work by key: one worker a key, the newest wins. A key that is added while it is worked on is worked on once
 * more afterwards; one that is added twice before is worked on once. As client-go's workqueue.
 */
import type { Clock } from '../../../src/clock.ts';

export interface WorkQueueOptions {
  /** How many keys are worked on at once. */
  readonly workers: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Does the work of a key, with what is known at that moment. A rejection is a defect of the caller. */
  readonly work: (key: string) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** In the order in which they became due. */
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  /** Became due while they were worked on. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, AbortController>();
  #idle: PromiseWithResolvers<void> | undefined;
  #paused = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait or are worked on; those that are delayed are not counted. */
  get size(): number {
    return this.#waiting.size + this.#working.size + this.#again.size;
  }

  get delayed(): number {
    return this.#delayed.size;
  }

  /** Keys that are worked on. */
  get working(): ReadonlySet<string> {
    return this.#working;
  }

  /** Resolves once nothing is worked on. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
  }

  /** Makes a key due now; a delay that it had is over. */
  add(key: string): void {
    this.#undelay(key);
    if (this.#working.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#start();
  }

  /** Makes a key due after so many milliseconds, unless it is added before. */
  addAfter(key: string, ms: number): void {
    this.#undelay(key);
    const controller = new AbortController();
    this.#delayed.set(key, controller);
    const { clock, signal } = this.#options;
    clock.sleep(ms, AbortSignal.any([controller.signal, signal])).then(
      () => {
        if (this.#delayed.get(key) === controller) this.add(key);
      },
      () => undefined,
    );
  }

  /** Nothing new is begun until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#start();
  }

  #start(): void {
    const { workers, signal } = this.#options;
    for (const key of this.#waiting) {
      if (this.#working.size >= workers || this.#paused || signal.aborted) return;
      this.#waiting.delete(key);
      this.#working.add(key);
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    try {
      await this.#options.work(key);
    } catch (error) {
      this.#options.failed(error);
    }
    this.#working.delete(key);
    if (this.#again.delete(key)) this.#waiting.add(key);
    this.#start();
    if (this.#working.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  #undelay(key: string): void {
    this.#delayed.get(key)?.abort();
    this.#delayed.delete(key);
  }
}
