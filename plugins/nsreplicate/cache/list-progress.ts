/** Which lists of one side are complete, and what those that are under way have held so far. */
import { type ObjectKey, ownListOf, wholeListOf } from '../objects/keys.ts';

/** Lists are named as `listOf` names them. */
export class ListProgress {
  readonly #underWay = new Map<string, Set<ObjectKey>>();
  readonly #complete = new Set<string>();
  #size = 0;

  /** How many objects lists that are under way have held so far. */
  get size(): number {
    return this.#size;
  }

  /** A list begins; what an earlier one of the same name held is void. */
  begin(list: string): void {
    this.#size -= this.#underWay.get(list)?.size ?? 0;
    this.#underWay.set(list, new Set());
  }

  /** A list that is under way holds an object. */
  add(list: string, key: ObjectKey): void {
    const held = this.#underWay.get(list);
    if (!held || held.has(key)) return;
    held.add(key);
    this.#size++;
  }

  /** A list is complete. Returns what it held. */
  complete(list: string): ReadonlySet<ObjectKey> {
    const held = this.#underWay.get(list) ?? new Set();
    this.#underWay.delete(list);
    this.#size -= held.size;
    this.#complete.add(list);
    return held;
  }

  /** Whether a complete list would have held an object, had it been there. */
  covers(key: ObjectKey): boolean {
    return this.#complete.has(wholeListOf(key)) || this.#complete.has(ownListOf(key));
  }
}
