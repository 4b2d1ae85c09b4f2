/** Work that must not overlap. */

/** Runs what it is given one after the other, in the order in which it came. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** The work's own outcome. That one piece of work fails does not keep the next one from being done. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Resolves when all that has been given so far has ended, one way or the other. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
