/** The container's tree as its agent tells it, and as what was done there has left it. */
import type { MaybeEntry } from '../../reconcile/entry.ts';
import { type Edit, edited } from '../../reconcile/tree.ts';
import type { Gate } from '../../sync/ignore/gate.ts';
import { asEdits, asWords } from '../../wire/check.ts';

export class RemoteTree {
  /** What the agent tells is held to the rules that it was given. */
  readonly #gate: Pick<Gate, 'admitAll'>;
  #tree: MaybeEntry;
  #degraded: string | undefined;
  /** Half a piece of news is none: a rename is a deletion and a creation. */
  #pending: Edit[] = [];

  constructor(gate: Pick<Gate, 'admitAll'>) {
    this.#gate = gate;
  }

  get tree(): MaybeEntry {
    return this.#tree;
  }

  /** As an endpoint's. */
  get degraded(): string | undefined {
    return this.#degraded;
  }

  /**
   * Takes in a part of a piece of news, the header of a `tree` frame. Returns whether the news is whole, and the tree what
   * it says. Throws a ProtocolError where it is no news.
   */
  takeNews({ edits, last, degraded }: Record<string, unknown>): boolean {
    for (const edit of this.#gate.admitAll(asEdits(edits))) this.#pending.push(edit);
    if (last !== true) return false;
    this.#tree = edited(this.#tree, this.#pending);
    this.#pending = [];
    this.#degraded = degraded === undefined ? undefined : asWords(degraded, 'a reason');
    return true;
  }

  /** Operations were carried out there that come to these edits. */
  noteDone(edits: Iterable<Edit>): void {
    this.#tree = edited(this.#tree, edits);
  }
}
