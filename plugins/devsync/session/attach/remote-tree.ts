/** The container's tree as its agent tells it, and as what was done there has left it. */
import type { MaybeEntry } from '../../reconcile/entry.ts';
import { type Edit, edited, withKnownPermissions } from '../../reconcile/tree.ts';
import type { Gate } from '../../sync/ignore/gate.ts';
import { asEdits, asWords } from '../../wire/check.ts';

export class RemoteTree {
  /** What the agent tells is held to the rules that it was given. */
  readonly #gate: Pick<Gate, 'admitAll'>;
  readonly #hasModes: boolean;
  #tree: MaybeEntry;
  #degraded: string | undefined;
  /** Half a piece of news is none: a rename is a deletion and a creation. */
  #pending: Edit[] = [];

  /** @param hasModes whether the file system there knows permissions. Agents of older versions make up what it does not. */
  constructor(gate: Pick<Gate, 'admitAll'>, hasModes = true) {
    this.#gate = gate;
    this.#hasModes = hasModes;
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
    const admitted = this.#gate.admitAll(asEdits(edits));
    for (const edit of withKnownPermissions(admitted, this.#hasModes)) this.#pending.push(edit);
    if (last !== true) return false;
    this.#tree = edited(this.#tree, this.#pending);
    this.#pending = [];
    this.#degraded = degraded === undefined ? undefined : asWords(degraded, 'a reason');
    return true;
  }

  /** Operations were carried out there that come to these edits. */
  noteDone(edits: Iterable<Edit>): void {
    this.#tree = edited(this.#tree, withKnownPermissions(edits, this.#hasModes));
  }
}
