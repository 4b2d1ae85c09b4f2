/** What a person has decided on conflicts. A decision holds for the very two versions that it was made on. */
import { sameDeep } from '../reconcile/entry.ts';
import type { Conflict, Side } from '../reconcile/reconcile.ts';
import type { Place, Sides } from './state.ts';

export class Resolutions {
  readonly #decided = new Map<string, { readonly conflict: Conflict; readonly winner: Side }>();
  readonly #sides: Sides;

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  decide(conflict: Conflict, winner: Place): void {
    this.#decided.set(conflict.path, { conflict, winner: this.#sides[winner] });
  }

  /** The side that wins; undefined where nobody has decided on these versions. */
  winnerOf({ path, alpha, beta }: Conflict): Side | undefined {
    const decided = this.#decided.get(path);
    if (decided === undefined) return undefined;
    const { conflict, winner } = decided;
    return sameDeep(conflict.alpha, alpha) && sameDeep(conflict.beta, beta) ? winner : undefined;
  }

  /** They were carried out. */
  clear(): void {
    this.#decided.clear();
  }
}
