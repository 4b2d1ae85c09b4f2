/** The pods of one side, one after the other, as their containers begin to run. */
export class RunningPods {
  readonly #started = Promise.withResolvers<string>();
  readonly #listeners: ((pod: string) => void)[] = [];
  #present: string | undefined;

  /** Resolves with the name of the first one. */
  get started(): Promise<string> {
    return this.#started.promise;
  }

  /** Calls back for every one that begins to run: the present one, and those that take its place. */
  on(callback: (pod: string) => void): void {
    this.#listeners.push(callback);
    if (this.#present !== undefined) callback(this.#present);
  }

  /** Notes one that has begun to run. */
  next(pod: string): void {
    this.#present = pod;
    for (const callback of this.#listeners) callback(pod);
    this.#started.resolve(pod);
  }
}
