/** The operations of which batches still come: that of a large file goes on beside others. */

/** Operations whose batches may come between each other's, with some to spare. */
const mostAtOnce = 8;

export class OperationsUnderWay {
  readonly #undeleted = new Map<string, Set<string>>();
  #current = '';

  /** Begins an operation, or the next batch of it. */
  begin(name: string): void {
    const [oldest] = this.#undeleted.keys();
    if (oldest !== undefined && this.#undeleted.size >= mostAtOnce && !this.#undeleted.has(name))
      this.#undeleted.delete(oldest);
    if (!this.#undeleted.has(name)) this.#undeleted.set(name, new Set());
    this.#current = name;
  }

  /** Paths that the operation of the current batch could not delete. */
  get undeleted(): Set<string> {
    return this.#undeleted.get(this.#current) ?? new Set();
  }
}
