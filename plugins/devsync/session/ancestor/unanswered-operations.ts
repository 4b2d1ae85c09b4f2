/**
 * Operations that were sent to a container and not answered because the stream broke: they may have been done. Where
 * the container's tree shows their result, they were, and the ancestor learns it. Without this, a file that is edited
 * once more on this workstation meanwhile would look as if it had been edited on both sides.
 */
import { type MaybeEntry, sameShallow, shallow, type Tracked } from '../../reconcile/entry.ts';
import { editsOf, type Operation, type OperationResult } from '../../reconcile/operations.ts';
import { type Edit, lookup } from '../../reconcile/tree.ts';

/**
 * An agent that has lost its stream finishes what it has begun, and has so many milliseconds for that (its
 * `finishLimit`, after the silence by which it knows). What is seen later was done by somebody else.
 */
const lateLimit = 60_000;

export class UnansweredOperations {
  /** Sent over the stream of now, and not answered. */
  readonly #underWay = new Set<readonly Operation[]>();
  /** Left behind by earlier streams: by path, in the order in which they were sent. */
  readonly #lost = new Map<string, Operation[]>();
  #binding = '';
  #began = 0;

  /**
   * A new stream begins, to this container, mount and directory; what was tried in another one is forgotten.
   *
   * @param now monotonic milliseconds, here and below.
   */
  begin(binding: string, now = performance.now()): void {
    if (binding !== this.#binding) this.#lost.clear();
    else for (const operations of this.#underWay) this.#lose(operations);
    this.#underWay.clear();
    this.#binding = binding;
    this.#began = now;
  }

  /** These are sent now. */
  sent(operations: readonly Operation[]): void {
    this.#underWay.add(operations);
  }

  /**
   * These were answered. Where one was done, whatever was tried at its place before has lost its meaning; where one
   * failed, that may be for what an agent without a stream has done there just before.
   */
  answered(operations: readonly Operation[], results: readonly OperationResult[]): void {
    this.#underWay.delete(operations);
    if (this.#lost.size === 0) return;
    for (const [index, { path }] of operations.entries())
      if (results[index]?.problem === undefined) this.#lost.delete(path);
  }

  /**
   * What the tree shows to have been done of what was lost, and the ancestor does not know of; each is told once. The
   * rest stays: an agent that has lost its stream finishes what it has begun.
   */
  done(tree: MaybeEntry, ancestor: MaybeEntry, now = performance.now()): Edit[] {
    if (now - this.#began > lateLimit) this.#lost.clear();
    const edits: Edit[] = [];
    for (const [path, operations] of this.#lost) {
      const found = lookup(tree, path);
      const done = operations.findLast(({ new: wanted }) => isThere(found, wanted));
      if (done === undefined) continue;
      if (!isThere(lookup(ancestor, path), done.new)) edits.push(...editsOf([done], [{ path }]));
      this.#lost.delete(path);
    }
    return edits;
  }

  #lose(operations: readonly Operation[]): void {
    for (const operation of operations)
      this.#lost.set(operation.path, [...(this.#lost.get(operation.path) ?? []), operation]);
  }
}

function isThere(now: MaybeEntry, wanted: Tracked | undefined): boolean {
  if (now === undefined || now.kind === 'untracked' || now.kind === 'problem') return now === wanted;
  return sameShallow(shallow(now), wanted);
}
