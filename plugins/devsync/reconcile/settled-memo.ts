import type { Directory, Entry } from './entry.ts';

/** Directories that are known to be in sync, by identity: trees share the objects that have not changed. */
export class SettledMemo {
  readonly #pairs = new WeakMap<Directory, readonly [Entry, Entry]>();

  has(ancestor: Directory, alpha: Entry, beta: Entry): boolean {
    const pair = this.#pairs.get(ancestor);
    return pair?.[0] === alpha && pair[1] === beta;
  }

  add(ancestor: Directory, alpha: Entry, beta: Entry): void {
    this.#pairs.set(ancestor, [alpha, beta]);
  }
}
