/** Looks at a directory tree: what is there, and the digests of what has changed since the last look. */
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { nextTurn } from '../../../../src/async/next-turn.ts';
import { machine } from '../../../../src/machine.ts';
import {
  type Entry,
  join,
  type MaybeEntry,
  problem,
  type Reach,
  skipped,
  untracked,
  writtenToProblem,
} from '../../reconcile/entry.ts';
import { splitPath } from '../../reconcile/tree.ts';
import { ContentHash } from '../delta/content-hash.ts';
import type { BlockSums, KnownBlocks } from '../delta/known-blocks.ts';
import { ExactNames } from '../files/exact-names.ts';
import { Folder } from '../files/folder.ts';
import { foldName, foundNameProblem } from '../files/names.ts';
import { codeOf, reasonOf } from '../files/system-error.ts';
import { linkEntry, type ScanOptions } from '../ignore/gate.ts';
import type { IsIgnored } from '../ignore/ignore.ts';
import { chunkSize, type DigestCache, digestLarge, digestSmall, waitBefore } from './digest.ts';
import { isGitIndex, SemanticDigests } from './git-index.ts';
import { passingSize } from './passing-memory.ts';

export type { ScanOptions } from '../ignore/gate.ts';

/** Told how far a large file was read. */
export interface ReadingListener {
  /** @param part that was read last. @param sums of all so far. */
  read(part: Uint8Array, sums: BlockSums): void;
  /** All was read, and is this content. */
  end(digest: string): void;
  /** It ended, unless that was told: the file was changed while it was read. */
  drop(): void;
}

/** What a scanner needs to know about the place. */
export interface ScanContext {
  readonly root: string;
  readonly options: ScanOptions;
  readonly isIgnored: IsIgnored;
  readonly cache: DigestCache;
  /** Paths below the root where something else is mounted. */
  readonly mounts: ReadonlySet<string>;
  /** Those of them that may be written to: a file that is mounted alone takes part. */
  readonly writableMounts?: ReadonlySet<string> | undefined;
  /** Why what is in a file is not to be believed. */
  readonly problemAt?: ((path: string) => string | undefined) | undefined;
  /** Names that differ only by case are the same file here. */
  readonly foldsNames: boolean;
  /** Names come back with letters and accents taken apart (HFS+). */
  readonly decomposes?: boolean | undefined;
  /** The file system knows permissions; so it does where this is left out. */
  readonly hasModes?: boolean | undefined;
  /** Called with every directory before its content is read, so that nothing slips in between. */
  readonly onDirectory?: ((path: string, folder: Folder) => void) | undefined;
  /** Remembers the blocks of large files that are read. */
  readonly blocks?: KnownBlocks | undefined;
  /** Asked for a large file that is about to be read, with the last digest: it may go to the other side meanwhile. */
  readonly early?: ((path: string, old: string, size: number) => ReadingListener | undefined) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Others get their turn this often, in milliseconds. */
const slice = 15;

/** Something else is mounted there. */
const otherMount = skipped('another mount');

export class Scanner {
  readonly #context: ScanContext;
  readonly #device: number;
  readonly #semanticDigests = new SemanticDigests();
  #turnEnds = 0;

  /** Throws where the root is no directory (ENOENT, ENOTDIR). */
  constructor(context: ScanContext) {
    this.#context = context;
    using root = Folder.root(context.root);
    this.#device = lstatSync(`${root.path}/.`).dev;
  }

  /**
   * What is at the path now, all the way down; undefined: nothing, or its parent is no directory any more.
   *
   * @param names that were listed after the hint at this path was given.
   */
  async scan(path: string, names = new ExactNames(this.#context.foldsNames)): Promise<MaybeEntry> {
    const [above, name] = splitPath(path);
    try {
      using root = Folder.root(this.#context.root);
      if (name === '') return await this.#directory('', root, lstatSync(`${root.path}/.`));
      using parent = this.#descend(root, above, names);
      return parent && names.isExact({ path: above, at: parent.path }, name)
        ? await this.#look(path, name, parent)
        : undefined;
    } catch (error) {
      if (isGone(error)) return undefined;
      return problem(reasonOf(error));
    }
  }

  /** Undefined where one of the directories on the way has another name, or none that can be synced. */
  #descend(root: Folder, path: string, names: ExactNames): Folder | undefined {
    let folder = root.descend([]);
    let at = '';
    for (const part of path.split('/').filter(Boolean)) {
      using outer = folder;
      const isThere =
        foundNameProblem(part, machine.platform) === undefined &&
        names.isExact({ path: at, at: outer.path }, part);
      if (!isThere) return undefined;
      folder = outer.child(part);
      at = join(at, part);
    }
    return folder;
  }

  /** A name from a hint is held to the same as one that was listed. */
  async #look(path: string, name: string, parent: Folder): Promise<MaybeEntry> {
    const bad = foundNameProblem(name, machine.platform);
    if (bad !== undefined) return problem(bad);
    try {
      const stats = parent.stat(name);
      const found = this.#lookNow(path, name, parent, stats);
      if (found !== undefined) return found;
      return stats.isDirectory()
        ? await this.#enter(path, name, parent)
        : await this.#largeFile(path, name, parent);
    } catch (error) {
      return isGone(error) ? undefined : problem(reasonOf(error));
    }
  }

  /** Everything that needs no waiting; undefined for directories and large files. */
  #lookNow(path: string, name: string, parent: Folder, stats: Stats): Entry | undefined {
    const { isIgnored, mounts, writableMounts, problemAt, options } = this.#context;
    if (isIgnored(path, stats.isDirectory())) return untracked;
    if (mounts.has(path) && !(stats.isFile() && writableMounts?.has(path))) return otherMount;
    if (stats.isDirectory()) return stats.dev === this.#device ? undefined : otherMount;
    if (stats.isSymbolicLink()) return this.#link(path, parent.at(name));
    // Devices, sockets and fifos mean nothing elsewhere.
    if (!stats.isFile())
      return skipped(stats.isSocket() ? 'a socket' : stats.isFIFO() ? 'a pipe' : 'a device');
    const trouble = problemAt?.(path);
    if (trouble !== undefined) return problem(trouble);
    const digest = this.#context.cache.get(path, stats) ?? this.#smallDigest(path, parent.at(name), stats);
    return digest === undefined ? undefined : this.#file(path, parent.at(name), stats, digest, options);
  }

  /** Undefined also where it is being written to: then the slower way of reading it is taken. */
  #smallDigest(path: string, at: string, stats: Stats): string | undefined {
    if (stats.size >= chunkSize) return undefined;
    const now = Date.now();
    const read = digestSmall(at, stats.size);
    if (read === undefined || read.length !== stats.size) return undefined;
    this.#context.cache.set(path, stats, read.digest, now);
    return read.digest;
  }

  #file(path: string, at: string, stats: Stats, digest: string, { permissions, times }: ScanOptions): Entry {
    const hasModes = this.#context.hasModes !== false;
    const bits = hasModes ? { executable: (stats.mode & 0o111) !== 0 } : {};
    const untimed = { kind: 'file', digest, size: stats.size, ...bits } as const;
    const timed = times === 'kept' ? { ...untimed, modified: timeOf(stats) } : untimed;
    const plain = { ...timed, ...this.#reachOf(stats) };
    const semanticDigest = isGitIndex(path) ? this.#semanticDigests.of(at, plain) : undefined;
    const file = semanticDigest === undefined ? plain : { ...plain, semanticDigest };
    return permissions === 'kept' && hasModes ? { ...file, mode: stats.mode & 0o777 } : file;
  }

  async #largeFile(path: string, name: string, parent: Folder): Promise<Entry> {
    const { cache, blocks, options, signal } = this.#context;
    for (let attempt = 0; attempt < 3; attempt++) {
      const wait = waitBefore(parent.stat(name), Date.now());
      if (wait > 0) await sleep(wait, undefined, { signal });
      const [now, before] = [Date.now(), parent.stat(name)];
      const sums = blocks?.sumsFor(before.size);
      const old = cache.entries.get(path)?.digest;
      const early = sums && old !== undefined ? this.#context.early?.(path, old, before.size) : undefined;
      using _ = { [Symbol.dispose]: () => early?.drop() };
      const marked = sums && new ContentHash(passingSize, old === undefined ? [] : blocks?.get(old)?.marks);
      const update = (part: Uint8Array) => {
        marked?.update(part);
        sums?.push(part);
        if (sums) early?.read(part, sums);
      };
      const digest = await digestLarge(
        parent.at(name),
        signal,
        marked && { update, digest: () => marked.digest() },
      );
      const after = parent.stat(name);
      if (before.mtimeMs !== after.mtimeMs || before.size !== after.size || before.ino !== after.ino)
        continue;
      early?.end(digest);
      cache.set(path, before, digest, now);
      if (sums) blocks?.add(digest, sums, marked?.marks);
      return this.#file(path, parent.at(name), after, digest, options);
    }
    return problem(writtenToProblem);
  }

  #link(path: string, at: string): Entry {
    const { options } = this.#context;
    return options.symlinks === 'ignored' ? untracked : linkEntry(path, readlinkSync(at), options);
  }

  async #enter(path: string, name: string, parent: Folder): Promise<Entry> {
    using folder = parent.child(name);
    return await this.#directory(path, folder, lstatSync(`${folder.path}/.`));
  }

  async #directory(path: string, folder: Folder, stats: Stats): Promise<Entry> {
    this.#context.onDirectory?.(path, folder);
    const children = new Map<string, Entry>();
    const slow: string[] = [];
    for (const raw of readdirSync(folder.path)) {
      const name = this.#context.decomposes ? raw.normalize('NFC') : raw;
      const child = join(path, name);
      const entry = this.#childNow(child, name, folder);
      if (entry === 'slow') slow.push(name);
      else if (entry !== undefined) children.set(name, entry);
      // In the middle of a large directory as well: a process that is silent for too long counts as dead.
      if (this.#isTurnOver) await this.#giveWay();
    }
    await this.#giveWay();
    for (const name of slow) {
      const entry = await this.#look(join(path, name), name, folder);
      if (entry !== undefined) children.set(name, entry);
    }
    if (this.#context.foldsNames) markClashes(children);
    return this.#context.options.permissions === 'kept' && this.#context.hasModes !== false
      ? { kind: 'directory', children, mode: stats.mode & 0o777 }
      : { kind: 'directory', children, ...this.#reachOf(stats) };
  }

  #reachOf({ mode }: Stats): { readonly reach?: Reach } {
    const { options, hasModes } = this.#context;
    const isAsked = options.reach === true && options.permissions !== 'kept' && hasModes !== false;
    if (!isAsked || (mode & 0o007) !== 0) return everybody;
    return { reach: (mode & 0o070) === 0 ? 'owner' : 'group' };
  }

  #childNow(path: string, name: string, folder: Folder): Entry | 'slow' | undefined {
    const bad = foundNameProblem(name, machine.platform);
    if (bad !== undefined) return problem(bad);
    try {
      return this.#lookNow(path, name, folder, folder.stat(name)) ?? 'slow';
    } catch (error) {
      return isGone(error) ? undefined : problem(reasonOf(error));
    }
  }

  get #isTurnOver(): boolean {
    return performance.now() >= this.#turnEnds;
  }

  async #giveWay(): Promise<void> {
    this.#context.signal?.throwIfAborted();
    if (!this.#isTurnOver) return;
    await nextTurn();
    this.#turnEnds = performance.now() + slice;
  }
}

const everybody = {};

/** Whole milliseconds, and none before 1970. */
const timeOf = ({ mtimeMs }: Stats): number => Math.max(0, Math.floor(mtimeMs));

/** Two names that are one file elsewhere: neither can be told from the other. */
function markClashes(children: Map<string, Entry>): void {
  const seen = new Map<string, string>();
  for (const name of children.keys()) {
    const folded = foldName(name);
    const twin = seen.get(folded);
    if (twin === undefined) seen.set(folded, name);
    else
      for (const one of [twin, name]) children.set(one, problem(`${twin} and ${name} differ only by case`));
  }
}

const isGone = (error: unknown) => ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error));
