/** The open conflicts, and what a person has decided on them. A decision holds for the very versions it was made on. */
import { sameDeep } from '../../reconcile/entry.ts';
import type { AlphaBeta, Conflict } from '../../reconcile/reconcile.ts';
import type { Side, SideRoles } from '../status/state.ts';

export class Resolutions {
  readonly #decided = new Map<string, { readonly conflict: Conflict; readonly winner: AlphaBeta }>();
  readonly #roles: SideRoles;
  #open: readonly Conflict[] = [];

  constructor(roles: SideRoles) {
    this.#roles = roles;
  }

  /** These are the conflicts now. */
  update(conflicts: readonly Conflict[]): void {
    this.#open = conflicts;
  }

  /** The open conflict at a path. */
  at(path: string): Conflict | undefined {
    return this.#open.find((one) => one.path === path);
  }

  /** Decides the conflict at a path. Returns whether there is one. */
  decide(path: string, winner: Side): boolean {
    const conflict = this.at(path);
    if (conflict) this.#decided.set(path, { conflict, winner: this.#roles[winner] });
    return conflict !== undefined;
  }

  /** Decides all conflicts. Returns their paths. */
  decideAll(winner: Side): string[] {
    for (const conflict of this.#open)
      this.#decided.set(conflict.path, { conflict, winner: this.#roles[winner] });
    return this.#open.map(({ path }) => path);
  }

  /** Those of the paths that are no conflicts any more. */
  settled(paths: readonly string[]): string[] {
    const open = new Set(this.#open.map(({ path }) => path));
    return paths.filter((path) => !open.has(path));
  }

  /** The side that wins; undefined where nobody has decided on these versions. */
  winnerOf({ path, alpha, beta }: Conflict): AlphaBeta | undefined {
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
