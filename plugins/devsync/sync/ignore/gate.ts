/**
 * The one filter that entries and operations pass on either side: what a scan finds, what the other end reports of its
 * tree, what an operation is to create. It applies the rules of the sync: names, kinds, links, permissions, ignored
 * paths, and our own files. The other end may lie, so its word is checked here as well.
 */
import { machine } from '../../../../src/machine.ts';
import { type Entry, type MaybeEntry, problem, type Tracked, untracked } from '../../reconcile/entry.ts';
import type { Operation } from '../../reconcile/operations.ts';
import { type Edit, splitPath } from '../../reconcile/tree.ts';
import { linkProblem, nameProblem } from '../files/names.ts';
import type { IsIgnored } from './ignore.ts';

/** How a sync takes what it finds. */
export interface ScanOptions {
  /** `portable`: the executable bit; `kept`: all permission bits. */
  readonly permissions: 'portable' | 'kept';
  readonly symlinks: 'portable' | 'raw' | 'ignored';
  /** Files keep the time that they were changed at; without it they bear that of their arrival. */
  readonly times?: 'kept';
  /** Who has any rights is told, so that the other side makes nothing wider. Permissions that are kept say it themselves. */
  readonly reach?: true;
}

/** The longest target of a link (symlink(2)), in bytes. */
const longestTarget = 4095;

/** A link as a sync with these options takes it: as it is, as a problem, or not at all. */
export function linkEntry(path: string, target: string, { symlinks }: ScanOptions): Entry {
  if (symlinks === 'ignored') return untracked;
  const bad = symlinks === 'portable' ? linkProblem(path, target) : targetProblem(target);
  return bad === undefined ? { kind: 'symlink', target } : problem(bad);
}

function targetProblem(target: string): string | undefined {
  if (target === '') return 'a link to nothing';
  if (target.includes('\0') || !target.isWellFormed()) return 'a link whose target is not valid Unicode';
  return Buffer.byteLength(target) > longestTarget ? 'a link whose target is too long' : undefined;
}

export class Gate {
  readonly #options: ScanOptions;
  readonly #isIgnored: IsIgnored;
  /** Directories that were asked for just now, and whether something above a path in them is ignored. */
  readonly #closed = new Map<string, boolean>([['', false]]);

  constructor(options: ScanOptions, isIgnored: IsIgnored) {
    this.#options = options;
    this.#isIgnored = isIgnored;
  }

  /**
   * What the rules make of an entry without children: itself, a problem, or untracked. The
   * directories above it have passed before.
   */
  admit(path: string, entry: MaybeEntry): MaybeEntry {
    if (entry === undefined || entry.kind === 'untracked' || entry.kind === 'problem') return entry;
    // The root is what the sync was made for.
    if (path === '') return this.#plain(path, entry);
    const bad = nameProblem(splitPath(path)[1], machine.platform);
    if (bad !== undefined) return problem(bad);
    return this.#isIgnored(path, entry.kind === 'directory') ? untracked : this.#plain(path, entry);
  }

  /** What they make of what the other end tells of its tree, parents before children. */
  admitAll(edits: readonly Edit[]): Edit[] {
    return edits.map(([path, entry]) => [path, this.admit(path, entry)]);
  }

  /** Why an operation must not be carried out; undefined where it may. */
  refusal({ path, old, new: wanted }: Operation): string | undefined {
    if (this.#isClosed(splitPath(path)[0])) return notOurs;
    const admitted = this.admit(path, wanted ?? old);
    if (wanted !== undefined && admitted?.kind === 'problem') return admitted.problem;
    return admitted?.kind === 'untracked' ? notOurs : undefined;
  }

  /** Whether a directory, or one above it, is left alone. */
  #isClosed(directory: string): boolean {
    const known = this.#closed.get(directory);
    if (known !== undefined) return known;
    const isClosed = this.#isClosed(splitPath(directory)[0]) || this.#isIgnored(directory, true);
    this.#closed.set(directory, isClosed);
    return isClosed;
  }

  #plain(path: string, entry: Tracked): Entry {
    if (entry.kind === 'symlink') return linkEntry(path, entry.target, this.#options);
    const { permissions, times } = this.#options;
    const timed = entry.kind === 'file' && times !== 'kept' ? without(entry, 'modified') : entry;
    return permissions === 'kept' ? timed : without(timed, 'mode');
  }
}

const notOurs = 'the rules of this sync leave it alone';

/** The same one, where it has no such property. */
function without<T extends object>(entry: T, key: keyof T): T {
  if (entry[key] === undefined) return entry;
  const { [key]: _, ...rest } = entry;
  return rest as T;
}
