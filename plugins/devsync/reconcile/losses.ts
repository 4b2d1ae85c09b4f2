/**
 * The deletions that were carried over to a side within the last seconds: a tree that is deleted file by file is as lost
 * as one that goes at once.
 */
import { type MaybeEntry, measure, walk } from './entry.ts';
import type { Change } from './reconcile.ts';

/** Milliseconds for which what was carried over counts as at once. */
const window = 10_000;

/** The changes of one side that were carried over just now, in order. */
export class RecentChanges {
  #all: { readonly at: number; readonly changes: readonly Change[] }[] = [];

  /** @param at milliseconds of a monotonic clock. */
  note(at: number, changes: readonly Change[]): void {
    this.#forgetBefore(at - window);
    if (changes.length > 0) this.#all.push({ at, changes });
  }

  at(now: number): readonly Change[] {
    this.#forgetBefore(now - window);
    return this.#all.flatMap(({ changes }) => changes);
  }

  /** A person has seen what went: what goes from here on is counted anew. */
  forget(): void {
    this.#all = [];
  }

  #forgetBefore(time: number): void {
    const first = this.#all.findIndex(({ at }) => at >= time);
    this.#all = first < 0 ? [] : this.#all.slice(first);
  }
}

/**
 * Files that are gone after the changes, one after the other, of those that were there before them. One that was
 * changed, or is back under its name or, with the same content, under another one, is not lost.
 */
export function filesGone(changes: readonly Change[]): number {
  if (!changes.some(takesFiles)) return 0;
  const gone = new Map<string, string>();
  const arrived = new Map<string, string>();
  for (const change of changes) {
    const before = new Map(filesOf(change.old, change.path));
    if (takesFiles(change))
      for (const [path, digest] of before) if (!arrived.delete(path)) gone.set(path, digest);
    for (const [path, digest] of filesOf(change.new, change.path))
      if (!gone.delete(path) && !before.has(path)) arrived.set(path, digest);
  }
  const elsewhere = new Map<string, number>();
  for (const digest of arrived.values()) elsewhere.set(digest, (elsewhere.get(digest) ?? 0) + 1);
  let count = 0;
  for (const digest of gone.values()) {
    const left = elsewhere.get(digest) ?? 0;
    if (left > 0) elsewhere.set(digest, left - 1);
    else count++;
  }
  return count;
}

/** Whether a change takes files away; one that is changed, to whatever, is no loss. */
export const takesFiles = ({ old, new: to }: Change): boolean =>
  (to === undefined || old?.kind === 'directory') && measure(old).files > 0;

function* filesOf(entry: MaybeEntry, path: string): Generator<[path: string, digest: string]> {
  for (const [at, one] of walk(entry, path)) if (one.kind === 'file') yield [at, one.digest];
}
