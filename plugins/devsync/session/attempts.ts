/**
 * What was sent to a container and never answered, since the stream broke: it may have been done. Where the container
 * turns out to hold just that, it was, and both sides did agree on it. Without this, a file that is edited once more
 * here while the stream is away would look as if it had been edited on both sides.
 */
import { type Maybe, sameShallow, shallow, type Tracked } from '../reconcile/entry.ts';
import { learned, type Operation, type Outcome } from '../reconcile/operations.ts';
import { type Edit, lookup } from '../reconcile/tree.ts';

export class Attempts {
  /** By path, in the order in which they were sent. */
  readonly #open = new Map<string, Operation[]>();
  #binding = '';

  /** Begins to work with this container, mount and directory; what was tried in another one is forgotten. */
  begin(binding: string): void {
    if (binding !== this.#binding) this.#open.clear();
    this.#binding = binding;
  }

  /** These are sent now. */
  sent(operations: readonly Operation[]): void {
    for (const operation of operations)
      this.#open.set(operation.path, [...(this.#open.get(operation.path) ?? []), operation]);
  }

  /**
   * These were answered. Where one was done, whatever was tried at its place before has lost its meaning; where one
   * failed, that may be for what an agent without a stream has done there just before.
   */
  answered(operations: readonly Operation[], outcomes: readonly Outcome[]): void {
    for (const [index, operation] of operations.entries()) {
      const isDone = outcomes[index]?.problem === undefined;
      const left = isDone ? [] : (this.#open.get(operation.path) ?? []).filter((one) => one !== operation);
      if (left.length > 0) this.#open.set(operation.path, left);
      else this.#open.delete(operation.path);
    }
  }

  /**
   * What the tree shows to have been done of what was never answered, each told once. The rest stays open: an agent
   * that has lost its stream finishes what it has begun.
   */
  done(tree: Maybe): Edit[] {
    const edits: Edit[] = [];
    for (const [path, operations] of this.#open) {
      const now = lookup(tree, path);
      const done = operations.findLast(({ new: wanted }) => isThere(now, wanted));
      if (done === undefined) continue;
      edits.push(...learned([done], [{ path }]));
      this.#open.delete(path);
    }
    return edits;
  }
}

function isThere(now: Maybe, wanted: Tracked | undefined): boolean {
  if (now === undefined || now.kind === 'untracked' || now.kind === 'problem') return now === wanted;
  return sameShallow(shallow(now), wanted);
}
