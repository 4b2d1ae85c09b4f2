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
  /** Since when objects are known to differ. */
  readonly #since = new Map<string, number>();
  /** Under way, and when a newer change of them was seen, that they may not carry yet. */
  readonly #underWay = new Map<string, number | undefined>();
  readonly #samples: number[] = [];
  #next = 0;

  /** An object was seen to differ. A newer change of it does not make the older one younger. */
  seen(key: string, now: number): void {
    if (this.#underWay.has(key)) this.#underWay.set(key, this.#underWay.get(key) ?? now);
    else if (!this.#since.has(key)) this.#since.set(key, now);
  }

  /** Work on an object begins: what is seen from now on may come too late for it. */
  begun(key: string): void {
    this.#underWay.set(key, undefined);
  }

  /**
   * The object is as it should be, as far as was seen before its work began. `wrote`: it had to be written for that.
   * @returns milliseconds since its change was seen; undefined where nothing was written for it
   */
  done(key: string, now: number, wrote = true): number | undefined {
    const since = this.#since.get(key);
    const newer = this.#underWay.get(key);
    this.forget(key);
    if (newer !== undefined) this.#since.set(key, newer);
    if (since === undefined || !wrote) return undefined;
    this.#samples[this.#next] = now - since;
    this.#next = (this.#next + 1) % SAMPLES;
    return now - since;
  }

  /** The work came to nothing, and will be tried again. */
  failed(key: string, now: number): void {
    this.#underWay.delete(key);
    this.seen(key, now);
  }

  /** The object does not wait any more: it is parked, or left alone. */
  forget(key: string): void {
    this.#since.delete(key);
    this.#underWay.delete(key);
  }

  /** Objects that differ, by when that was seen; as a rule the oldest first. */
  get since(): ReadonlyMap<string, number> {
    return this.#since;
  }

  behind(now: number): Behind {
    // An object that changed again while it was worked on is moved to the end, though it may be the oldest.
    let oldest = now;
    for (const since of this.#since.values()) oldest = Math.min(oldest, since);
    const sorted = [...this.#samples].sort((a, b) => a - b);
    return {
      pending: this.#since.size,
      oldestMs: now - oldest,
      p50Ms: sorted[Math.floor(sorted.length * 0.5)],
      p99Ms: sorted[Math.floor(sorted.length * 0.99)],
    };
  }
}
