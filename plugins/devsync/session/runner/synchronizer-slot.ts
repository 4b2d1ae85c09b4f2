/** The synchronizer that works right now, for requests of people: they wait for the next one where there is none. */

import type { Bases } from '../ancestor/bases.ts';
import type { Attached } from '../attach/attach.ts';
import type { Synchronizer } from '../cycle/synchronizer.ts';

export interface Current {
  readonly synchronizer: Synchronizer;
  readonly attached: Attached;
  /** Texts that were agreed on. */
  readonly bases: Bases;
  /** Aborted when the synchronizer has to give way to another one, as when the ignore rules change. */
  readonly replaced: AbortSignal;
}

/** A request outlives so many losses of its stream. */
const maxAttempts = 3;

export class SynchronizerSlot {
  #current: Current | undefined;
  readonly #waiters: { resolve: (current: Current) => void; reject: (why: Error) => void }[] = [];
  readonly #refusal: () => Error | undefined;

  /** @param refusal why there will be none soon; undefined where one is on its way. */
  constructor(refusal: () => Error | undefined) {
    this.#refusal = refusal;
  }

  get current(): Current | undefined {
    return this.#current;
  }

  /** A synchronizer has begun; requests that wait for one get it. */
  fill(current: Current): void {
    this.#current = current;
    for (const { resolve } of this.#waiters.splice(0)) resolve(current);
  }

  /** The synchronizer has ended. */
  clear(): void {
    this.#current = undefined;
  }

  /** Rejects the requests that wait, with the reason why there is none. */
  fail(why: Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(why);
  }

  /**
   * Asks the synchronizer for something. A stream that breaks meanwhile (its agent was killed, the server restarted) is
   * begun anew first, and so is a synchronizer that gives way to other rules. Rejects where there is none, or its
   * container cannot be worked with.
   */
  async ask<T>(work: (synchronizer: Synchronizer) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const current = this.#current ?? (await this.#next());
      try {
        return await work(current.synchronizer);
      } catch (error) {
        const isOver = current.replaced.aborted || !current.attached.launched.connection.isOpen;
        if (!isOver || attempt === maxAttempts) throw error;
        if (this.#current === current) await this.#next();
      }
    }
  }

  #next(): Promise<Current> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }
}
