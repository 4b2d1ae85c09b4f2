/**
 * A container that has just started: its processes may write files for a while. Until it has been quiet for some time,
 * these files count as if the container had started with them, not as edits.
 */
import { type Entry, type MaybeEntry, sameDeep, walk } from '../../reconcile/entry.ts';
import type { Change } from '../../reconcile/reconcile.ts';
import { beyond, startingAncestor } from '../../reconcile/successor.ts';
import { edited, lookup } from '../../reconcile/tree.ts';
import type { TwoManifests } from './image-record.ts';

/**
 * `first`: nothing is known of its image, and what it writes is noted. `successor`: it begins as its image has it.
 * `resumed`: it goes on with a volume that another container has left.
 */
export const beginnings = ['first', 'successor', 'resumed'] as const;
export type Beginning = (typeof beginnings)[number];

/** A container has started after so many milliseconds without a write of its own, and after so many in any case. */
const [quiet, longest] = [10_000, 60_000];

/** How long a container has been starting, kept while its streams come and go. Monotonic milliseconds. */
export interface StartUpTimes {
  /** Of the first look. */
  began: number | undefined;
  /** Of the last look that showed something new. */
  changed: number;
  /** Its program is held back: it writes nothing yet, and has not begun to be quiet. */
  isHeld?: boolean;
}

export interface StartUpOptions {
  readonly beginning: Beginning;
  /** What the first container began with, and what it wrote itself then: of a later one, what was here once, too. */
  readonly manifests: TwoManifests;
  /** All that the first one began with and wrote; the same where absent. */
  readonly whole?: TwoManifests | undefined;
  /** What an earlier stream to this container knew; a new one where absent. */
  readonly times?: StartUpTimes | undefined;
  /** Keeps what the first container has written. */
  readonly onWritten: (wrote: MaybeEntry) => void;
  /** It has started, and was reconciled. */
  readonly onOver: () => void;
}

export class StartUp {
  readonly #options: StartUpOptions;
  #wrote: MaybeEntry;
  /** Directories in which nothing is left to find. */
  readonly #agreed = new WeakMap<Entry, Entry>();
  readonly #noted = new WeakMap<Entry, Entry>();
  /** What the container had of its own at the last look. */
  #own: MaybeEntry;
  readonly #times: StartUpTimes;
  #hasLooked = false;
  #isReconciled = false;
  #isOver = false;

  constructor(options: StartUpOptions) {
    this.#options = options;
    this.#wrote = options.manifests[1];
    this.#times = options.times ?? { began: undefined, changed: 0 };
  }

  /** The ancestor to go on with, now that the container has this. @param now monotonic milliseconds. */
  ancestorFor(container: MaybeEntry, ancestor: MaybeEntry, now: number): MaybeEntry {
    // A root that is gone or was never looked at says nothing.
    if (!this.isUnderWay(now) || container?.kind !== 'directory') return ancestor;
    const isFirstLook = !this.#hasLooked;
    this.#hasLooked = true;
    const isNew = this.#times.began === undefined;
    this.#times.began ??= now;
    const own = beyond(container, [ancestor], this.#agreed);
    if (isNew || !sameDeep(own, this.#own)) this.#times.changed = now;
    this.#own = own;
    const { beginning, manifests } = this.#options;
    if (beginning === 'first') this.#note(container, ancestor);
    if (beginning === 'first') return ancestor;
    // What a volume was left with is what the last container made of it.
    return startingAncestor(ancestor, manifests, container, isFirstLook && beginning === 'resumed');
  }

  /** What would be new here may be half of what the first container had at its path: it is not taken over yet. */
  mayBeUnfinished({ path, old }: Change): boolean {
    if (this.#isOver || this.#options.beginning === 'first' || old !== undefined) return false;
    const { manifests, whole = manifests } = this.#options;
    return whole.some((manifest) => lookup(manifest, path) !== undefined);
  }

  /** Both sides were reconciled once. */
  reconciled(): void {
    this.#isReconciled = true;
  }

  isUnderWay(now: number): boolean {
    if (this.#isOver) return false;
    const { began, changed, isHeld } = this.#times;
    if (isHeld) return true;
    const isQuiet = began !== undefined && now - changed >= quiet;
    if (!this.#isReconciled || (!isQuiet && now - (began ?? now) < longest)) return true;
    this.#isOver = true;
    this.#options.onOver();
    return false;
  }

  #note(container: MaybeEntry, ancestor: MaybeEntry): void {
    const more = beyond(container, [ancestor, this.#options.manifests[0], this.#wrote], this.#noted);
    if (more === undefined) return;
    const edits = [...walk(more)].map(
      ([path, entry]) =>
        [path, entry.kind === 'directory' ? { ...entry, children: new Map() } : entry] as const,
    );
    this.#wrote = edited(this.#wrote, edits);
    this.#options.onWritten(this.#wrote);
  }
}
