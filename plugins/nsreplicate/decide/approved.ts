/**
 * The deletions that a person approved on one replica: those that were shown, by their keys, each with as much as it
 * takes along. They are done without being measured; all others are measured by the brake. What comes back on the primary
 * is approved no more, so that nothing of an approval is left for what vanishes another day.
 */
import { createHash } from 'node:crypto';
import type { ObjectKey } from '../objects/keys.ts';

/**
 * As it is kept with the task: digests of keys, with how many go where that is more than one: `Zm9vYmFy`, `YmFyYmF6*31`.
 * `all-found`: whatever the first comparison finds; it was given before that was known.
 */
export type SavedApproval = 'all-found' | readonly string[];

/** So many outlive a run, since they share an object with all else that is kept: the others are measured anew. */
const MOST_SAVED = 2000;
/** Of base64: a key of no approval has one chance in 10^14 to pass for another one. */
const DIGEST_CHARACTERS = 8;

export class ApprovedDeletions {
  /** How many may go with each, itself included, by the digest of its key. */
  readonly #counts = new Map<string, number>();
  /** Those that the replica refused: they are looked for again, and not among what is known to be wanted. */
  readonly #refused = new Set<string>();
  #areAllFound = false;

  /** @param saved of an earlier run; what an earlier version counted instead lapses */
  constructor(saved?: unknown) {
    if (saved === 'all-found') this.#areAllFound = true;
    if (!Array.isArray(saved)) return;
    for (const entry of saved) {
      const [digest = '', count = '1'] = String(entry).split('*');
      this.#counts.set(digest, Number(count));
    }
  }

  /** What is shown now, with how many go with each; undefined where nothing has been compared that could be shown. */
  approve(shown: ReadonlyMap<ObjectKey, number> | undefined): void {
    this.#counts.clear();
    this.#refused.clear();
    this.#areAllFound = shown === undefined;
    for (const [key, count] of shown ?? []) this.#counts.set(digestOf(key), count);
  }

  /** Whether a deletion may be done unmeasured. */
  covers(key: ObjectKey, count: number): boolean {
    return this.#areAllFound || (this.#counts.get(digestOf(key)) ?? 0) >= count;
  }

  /** It is about to be done, and approved only this once. */
  use(key: ObjectKey): void {
    this.#counts.delete(digestOf(key));
    this.#refused.delete(digestOf(key));
  }

  /** The replica refused what was about to be done. */
  giveBack(key: ObjectKey, count: number): void {
    this.#counts.set(digestOf(key), count);
    this.#refused.add(digestOf(key));
  }

  /** There is nothing to be deleted any more: its original is back, or the copy is gone. Returns whether it was approved. */
  lapse(key: ObjectKey): boolean {
    if (this.#counts.size === 0) return false;
    const digest = digestOf(key);
    this.#refused.delete(digest);
    return this.#counts.delete(digest);
  }

  /** The first comparison is complete: what it found, with how many go with each, and nothing else. */
  found(wanted: ReadonlyMap<ObjectKey, number>): void {
    const digests = new Map([...wanted].map(([key, count]) => [digestOf(key), count]));
    for (const digest of this.#counts.keys())
      if (!digests.has(digest) && !this.#refused.has(digest)) this.#counts.delete(digest);
    if (this.#areAllFound) for (const [digest, count] of digests) this.#counts.set(digest, count);
    this.#areAllFound = false;
  }

  /** For the next run; undefined: nothing is approved. */
  get saved(): SavedApproval | undefined {
    if (this.#areAllFound) return 'all-found';
    const entries = [...this.#counts].slice(0, MOST_SAVED);
    if (entries.length === 0) return undefined;
    return entries.map(([digest, count]) => (count === 1 ? digest : `${digest}*${count}`));
  }
}

const digestOf = (key: ObjectKey): string =>
  createHash('sha256').update(key).digest('base64url').slice(0, DIGEST_CHARACTERS);
