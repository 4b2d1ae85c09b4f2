/** How far a replica is behind: what waits for it, since when, and how long changes took lately. */

const SAMPLES = 1024;

export interface Behind {
  /** Objects that differ, as far as is known. */
  readonly pending: number;
  /** Milliseconds since the oldest of them was seen to differ; 0 where nothing waits. */
  readonly oldestMs: number;
  /** Milliseconds from seeing a change to its being written, of the last thousand; undefined before the first. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** Times are milliseconds of one monotonic clock. */
export class LagMeter {
  /** In the order in which they were first seen. */
  readonly #since = new Map<string, number>();
  readonly #samples: number[] = [];
  #next = 0;

  /** An object was seen to differ. A newer change of it does not make the older one younger. */
  seen(key: string, now: number): void {
    if (!this.#since.has(key)) this.#since.set(key, now);
  }

  /** The object is as it should be. */
  done(key: string, now: number): void {
    const since = this.#since.get(key);
    if (since === undefined) return;
    this.#since.delete(key);
    this.#samples[this.#next] = now - since;
    this.#next = (this.#next + 1) % SAMPLES;
  }

  /** Nobody waits for the object any more: parked, or left alone. */
  forget(key: string): void {
    this.#since.delete(key);
  }

  /** Objects that differ, by when that was seen; the oldest first. */
  get since(): ReadonlyMap<string, number> {
    return this.#since;
  }

  behind(now: number): Behind {
    const [oldest] = this.#since.values();
    const sorted = [...this.#samples].sort((a, b) => a - b);
    return {
      pending: this.#since.size,
      oldestMs: oldest === undefined ? 0 : now - oldest,
      p50Ms: sorted[Math.floor(sorted.length * 0.5)],
      p99Ms: sorted[Math.floor(sorted.length * 0.99)],
    };
  }
}
