/** Keeps a tree up to date: scans the paths that events hint at, and everything now and then or after a flood of events. */
import { lstatSync } from 'node:fs';
import { childrenOf, join, type MaybeEntry, otherMountProblem, problem } from '../../reconcile/entry.ts';
import { difference, type Edit, edited, lookup, splitPath } from '../../reconcile/tree.ts';
import { ExactNames } from '../files/exact-names.ts';
import { networkFileSystem } from '../files/file-systems.ts';
import type { Folder } from '../files/folder.ts';
import { isMangled } from '../files/names.ts';
import { isOtherMount, type RootPlace, readRootPlace } from '../files/root-place.ts';
import type { DigestCache } from './digest.ts';
import { type ScanContext, Scanner } from './scan.ts';
import { Watches } from './watch.ts';

/** So many hints at once may mean that others were lost: inotify's queue holds 16,384. */
const burst = 4096;
/** How often everything is looked at anyway, in milliseconds. */
const calmInterval = 60_000;
const pollInterval = 2_000;

export interface TrackerOptions extends Omit<ScanContext, 'onDirectory'> {
  /** Where the root was when the sync began; where it is now, if that is not known. */
  readonly place?: RootPlace | undefined;
  /** Called when something may have changed; may be called often. */
  readonly onHint: () => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class Tracker {
  readonly #options: TrackerOptions;
  readonly #scanner: Scanner;
  readonly #watches: Watches;
  /** The root's file system, where it does not tell of all changes. */
  readonly #network: string | undefined;
  /** Directories that we put in place, and have not been told of yet. */
  readonly #made = new Map<string, number>();
  readonly #doubted = new Set<string>();
  #hints = new Set<string>();
  #hintCount = 0;
  #everything = true;
  #lastFull = 0;
  #tree: MaybeEntry;
  readonly #place: RootPlace | undefined;
  /** Which directory the root was when all of it was looked at. */
  #root: string | undefined;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#place = options.place ?? readRootPlace(options.root);
    this.#watches = new Watches((path) => this.hint(path));
    this.#network = networkFileSystem(options.root);
    this.#scanner = new Scanner({
      ...options,
      onDirectory: (path, folder) => this.#watches.add(path, folder),
    });
  }

  /** What was there at the last look. */
  get tree(): MaybeEntry {
    return this.#tree;
  }

  get cache(): DigestCache {
    return this.#options.cache;
  }

  /** Why changes are looked for by polling; undefined where notifications do. */
  get degraded(): string | undefined {
    const elsewhere = this.#network && `${this.#network} does not tell of changes made elsewhere`;
    return [...(elsewhere ? [elsewhere] : []), ...this.#watches.troubles].join('; ') || undefined;
  }

  /** The number of directories that the system watches for us. */
  get watched(): number {
    return this.#watches.size;
  }

  /** Whether a refresh would look at anything. */
  get isStale(): boolean {
    return this.#everything || this.#hints.size > 0 || this.#isDue() || this.#isOther();
  }

  /** Something at this path may have changed. */
  hint(told: string): void {
    const path = this.#options.decomposes ? told.normalize('NFC') : told;
    const known = lookup(this.#tree, path);
    const isIgnored =
      (known === undefined || known.kind === 'untracked') && this.#options.isIgnored(path, false);
    const isBadName = known?.kind === 'problem' && isMangled(path);
    if (!isIgnored && !isBadName && !this.#isAsKnown(path)) this.#add(path);
    // A change of an ignored file triggers nothing; a new one is looked at together with the next change. So is what may
    // have gone, while something is found by its name: the new name is told, too.
    else if (isIgnored ? known === undefined : isBadName || this.#options.foldsNames) this.#hints.add(path);
  }

  /** What is known of this path is not to be believed. */
  doubt(path: string): void {
    this.#doubted.add(path);
    this.#add(path);
  }

  #add(path: string): void {
    this.#hints.add(path);
    this.#hintCount++;
    this.#options.onHint();
  }

  /** Anything may have changed. */
  hintEverything(): void {
    this.#everything = true;
    this.#options.onHint();
  }

  /** Looks at what is due and brings the tree up to date. */
  async refresh(): Promise<void> {
    const isFull = this.#everything || this.#hintCount > burst || this.#isDue() || this.#isOther();
    if (!isFull && this.#hints.size > 0) await this.#refreshHints();
    // Where the root goes while its parts are looked at, each of them would seem to have been deleted.
    if (isFull || this.#isOther()) await this.#refreshAll();
  }

  /** A directory with known content is about to be put in place: the system's events about it are to be ignored. */
  noteMade(path: string, folder: Folder): void {
    this.#watches.add(path, folder);
    this.#made.set(path, folder.self.ino);
  }

  /** It was not put there, after all. */
  noteUnmade(path: string): void {
    this.#watches.remove(path);
    this.#made.delete(path);
  }

  /** Takes note of what was done to the tree by ourselves. */
  noteDone(edits: Iterable<Edit>): void {
    const gone: string[] = [];
    const noting = function* (watches: Watches): Generator<Edit> {
      for (const edit of edits) {
        if (edit[1]?.kind !== 'directory' && watches.has(edit[0])) gone.push(edit[0]);
        yield edit;
      }
    };
    this.#tree = edited(this.#tree, noting(this.#watches));
    // A later one may have made a directory of it again, which is watched by now.
    for (const path of gone) if (lookup(this.#tree, path)?.kind !== 'directory') this.#watches.forget(path);
  }

  close(): void {
    this.#watches.close();
  }

  /** Whether another directory has taken the root's place by a mount: it is left alone, and nothing is known of ours. */
  get isOtherMount(): boolean {
    const now = this.#place && readRootPlace(this.#options.root);
    return this.#place !== undefined && now !== undefined && isOtherMount(this.#place, now);
  }

  #isDue(): boolean {
    const polls = this.#network !== undefined || this.#watches.isBlind || this.#tree === undefined;
    const interval = polls ? pollInterval : calmInterval;
    return this.#options.now() - this.#lastFull > interval;
  }

  /**
   * Whether the root is not the one that was looked at: it went, or was moved away. Its watches stay with it, and tell
   * of files that are not here any more.
   */
  #isOther(): boolean {
    return this.#root !== identityOf(this.#options.root);
  }

  /** The system tells of our own work as well: a file that is as we left it needs no second look. */
  #isAsKnown(path: string): boolean {
    const made = this.#made.get(path);
    this.#made.delete(path);
    const known = lookup(this.#tree, path);
    if (made === undefined && known?.kind !== 'file') return false;
    try {
      const stats = lstatSync(`${this.#options.root}/${path}`);
      if (made !== undefined) return made === stats.ino;
      return known?.kind === 'file' && this.#options.cache.get(path, stats) === known.digest;
    } catch {
      return false;
    }
  }

  #isExact(path: string, names: ExactNames): boolean {
    const [parent, name] = splitPath(path);
    try {
      return names.isExact({ path: parent, at: `${this.#options.root}/${parent}` }, name);
    } catch {
      return false;
    }
  }

  /** What was told of under a name may be there under another one, which differs by case. */
  #otherSpelling(path: string, names: ExactNames): string[] {
    const [parent, name] = splitPath(path);
    try {
      const twin = names.twinOf({ path: parent, at: `${this.#options.root}/${parent}` }, name);
      return twin === undefined ? [] : [join(parent, twin)];
    } catch {
      return [];
    }
  }

  async #refreshAll(): Promise<void> {
    const wasBurst = this.#hintCount > burst;
    this.#everything = false;
    this.#hints = new Set();
    this.#hintCount = 0;
    this.#made.clear();
    this.#doubted.clear();
    this.#root = identityOf(this.#options.root);
    const isHidden = this.isOtherMount;
    const seen = isHidden ? problem(otherMountProblem) : await this.#scanner.scan('');
    this.#stopWatching('', this.#tree, seen);
    // What has not changed stays the very same object, which spares everyone else a comparison.
    this.#tree = edited(this.#tree, difference(this.#tree, seen));
    if (!isHidden) this.#options.cache.retain((path) => lookup(seen, path)?.kind === 'file');
    this.#lastFull = this.#options.now();
    // The queue may have run over while we looked.
    if (wasBurst && this.#hintCount > 0) this.#everything = true;
  }

  async #refreshHints(): Promise<void> {
    const names = new ExactNames(this.#options.foldsNames);
    const isAsKnown = (path: string) => this.#isAsKnown(path) && this.#isExact(path, names);
    // What was told of while we were still at it is known by now.
    const news = [...this.#hints].filter((path) => this.#doubted.has(path) || !isAsKnown(path));
    const nearest = news.map((path) => this.#nearest(path));
    const paths = topmost([...nearest, ...nearest.flatMap((path) => this.#otherSpelling(path, names))]);
    this.#hints = new Set();
    this.#doubted.clear();
    this.#hintCount = 0;
    for (const path of paths) {
      const seen = await this.#scanner.scan(path, names);
      const before = lookup(this.#tree, path);
      if (before?.kind === 'directory') this.#stopWatching(path, before, seen);
      if (seen?.kind !== 'file') this.#options.cache.delete(path);
      this.#tree = edited(this.#tree, difference(before, seen, path));
    }
  }

  /** Watches of directories that are not there any more. */
  #stopWatching(path: string, before: MaybeEntry, seen: MaybeEntry): void {
    if (seen?.kind !== 'directory') {
      this.#watches.remove(path);
      return;
    }
    for (const [name, child] of childrenOf(before))
      if (child.kind === 'directory') this.#stopWatching(join(path, name), child, childrenOf(seen).get(name));
  }

  /** The path itself, or the nearest directory above it whose content we would have to look at. */
  #nearest(path: string): string {
    let [parent, name] = splitPath(path);
    let nearest = path;
    while (name !== '' && lookup(this.#tree, parent)?.kind !== 'directory') {
      nearest = parent;
      [parent, name] = splitPath(parent);
    }
    return nearest;
  }
}

/** What tells a directory from another one at the same path; undefined: nothing is there. */
function identityOf(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}

/** Paths without those that lie below another one of them. */
function topmost(paths: string[]): string[] {
  const kept: string[] = [];
  let last: string | undefined;
  for (const path of [...new Set(paths)].sort(byParts)) {
    if (last !== undefined && (last === '' || path.startsWith(`${last}/`))) continue;
    kept.push(path);
    last = path;
  }
  return kept;
}

/** An order in which everything below a path comes right after it. */
function byParts(one: string, other: string): number {
  const [a, b] = [one.replaceAll('/', '\0'), other.replaceAll('/', '\0')];
  return a < b ? -1 : a > b ? 1 : 0;
}
