/**
 * Counts the files that a side loses within a few seconds. A tree that is deleted file by file arrives as many small
 * changes, none of which a brake would hold, and is lost all the same.
 */
import { type MaybeEntry, measure, walk } from './entry.ts';
import type { Change } from './reconcile.ts';

/** Changes within so many milliseconds count as one. */
const window = 10_000;

/** The changes that one side has received within the last seconds, in their order. */
export class RecentChanges {
  #all: { readonly at: number; readonly changes: readonly Change[] }[] = [];

  /** Remembers changes. @param at milliseconds of a monotonic clock */
  note(at: number, changes: readonly Change[]): void {
    this.#forgetBefore(at - window);
    if (changes.length > 0) this.#all.push({ at, changes });
  }

  /** The changes that still count. @param now milliseconds of a monotonic clock */
  at(now: number): readonly Change[] {
    this.#forgetBefore(now - window);
    return this.#all.flatMap(({ changes }) => changes);
  }

  /** Begins to count anew, since a person has seen and confirmed what was deleted so far. */
  forget(): void {
    this.#all = [];
  }

  #forgetBefore(time: number): void {
    const first = this.#all.findIndex(({ at }) => at >= time);
    this.#all = first < 0 ? [] : this.#all.slice(first);
  }
}

/**
 * How many of the files that existed before these changes are lost after them. A changed file is not lost. Neither is one
 * that came back under its name, or whose content came back under another name: it was moved.
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

/** Whether a change deletes files. Replacing a file, by whatever, deletes none. */
export const takesFiles = ({ old, new: to }: Change): boolean =>
  (to === undefined || old?.kind === 'directory') && measure(old).files > 0;

function* filesOf(entry: MaybeEntry, path: string): Generator<[path: string, digest: string]> {
  for (const [at, one] of walk(entry, path)) if (one.kind === 'file') yield [at, one.digest];
}
