/** Things that several users share by a key: made for the first, closed after the last. */

interface Entry<T> {
  readonly value: Promise<T>;
  users: number;
}

export class Shared<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #close: (value: T) => unknown;

  constructor(close: (value: T) => unknown) {
    this.#close = close;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** The one of this key, until the signal aborts. One that could not be made is forgotten, and made anew for the next. */
  use(key: string, make: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const entry = this.#entries.get(key) ?? { value: make(), users: 0 };
    this.#entries.set(key, entry);
    entry.users += 1;
    const leave = () => {
      entry.users -= 1;
      if (entry.users > 0) return;
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      entry.value.then(this.#close).catch(() => undefined);
    };
    signal.addEventListener('abort', leave, { once: true });
    entry.value.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return entry.value;
  }
}
