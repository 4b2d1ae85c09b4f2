/** What a copy has begun, so that its end can be waited for. */
export class Begun {
  readonly #all = new Set<Promise<unknown>>();

  /** Takes note of it. */
  add<T>(work: Promise<T>): Promise<T> {
    this.#all.add(work);
    return work;
  }

  /** What was begun, to its end, well or not: after it nothing more is made. Only after an abort. */
  async settled(): Promise<void> {
    for (let known = -1; known < this.#all.size; ) {
      known = this.#all.size;
      await Promise.allSettled(this.#all);
    }
  }
}
