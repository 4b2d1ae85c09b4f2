/** Something that one waits for, and another one lets begin, once and for all. */
export class Turn {
  readonly #came = Promise.withResolvers<void>();
  #hasCome = false;

  get hasCome(): boolean {
    return this.#hasCome;
  }

  come(): void {
    this.#hasCome = true;
    this.#came.resolve();
  }

  /** Resolves when it has come. Rejects with the signal's reason. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([this.#came.promise, stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** As `wait`, but rejects also when what it is waited for with is lost. */
  async comes(loss: Promise<never>, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    try {
      await Promise.race([this.wait(AbortSignal.any([signal, over.signal])), loss]);
    } finally {
      over.abort();
    }
  }
}
