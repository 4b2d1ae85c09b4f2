/**
 * First lists of a replica that are on their way, beside the primary's. Until one is complete nothing is written of what
 * it is about: the brake on deletions, and whether an object is there, are known only then. But what it has shown to be
 * as it should be already need not be kept, and so the primary's list can go on beside it.
 */
import { type ObjectKey, ownListOf, wholeListOf } from '../objects/keys.ts';

interface Coming {
  /** Objects that are as they should be, as far as the list has come. */
  readonly settled: Set<ObjectKey>;
  readonly over: PromiseWithResolvers<void>;
  /** Who waits for some of them. */
  readonly waiting: Set<Wait>;
}

interface Wait {
  readonly left: Set<ObjectKey>;
  readonly done: () => void;
}

/** Lists are named as `listOf` names them. */
export class ComingLists {
  readonly #coming = new Map<string, Coming>();

  /** A list is on its way, or begins anew: what it had shown is void. */
  begin(list: string): void {
    const known = this.#coming.get(list);
    if (known) known.settled.clear();
    else this.#coming.set(list, { settled: new Set(), over: Promise.withResolvers(), waiting: new Set() });
  }

  /** It is complete, or can't be had for now. Returns what had been settled. */
  end(list: string): ReadonlySet<ObjectKey> {
    const coming = this.#coming.get(list);
    this.#coming.delete(list);
    coming?.over.resolve();
    return coming?.settled ?? new Set();
  }

  /** Resolves once a list is on its way no more. */
  async over(list: string): Promise<void> {
    await this.#coming.get(list)?.over.promise;
  }

  isComing(list: string): boolean {
    return this.#coming.has(list);
  }

  /** Whether a list that is on its way is about an object. */
  isAbout(key: ObjectKey): boolean {
    return this.#of(key) !== undefined;
  }

  /** Whether an object is as it should be. */
  settle(key: ObjectKey, isSettled: boolean): void {
    const coming = this.#of(key);
    if (!coming) return;
    if (!isSettled) coming.settled.delete(key);
    else {
      coming.settled.add(key);
      for (const { left, done } of coming.waiting) if (left.delete(key) && left.size === 0) done();
    }
  }

  /** Resolves once these are settled, or the list is not on its way any more. */
  async settled(list: string, keys: Iterable<ObjectKey>): Promise<void> {
    const coming = this.#coming.get(list);
    if (!coming) return;
    const left = new Set<ObjectKey>();
    for (const key of keys) if (!coming.settled.has(key)) left.add(key);
    if (left.size === 0) return;
    const { promise, resolve: done } = Promise.withResolvers<void>();
    const wait = { left, done };
    coming.waiting.add(wait);
    await Promise.race([promise, coming.over.promise]);
    coming.waiting.delete(wait);
  }

  #of(key: ObjectKey): Coming | undefined {
    if (this.#coming.size === 0) return undefined;
    return this.#coming.get(wholeListOf(key)) ?? this.#coming.get(ownListOf(key));
  }
}
