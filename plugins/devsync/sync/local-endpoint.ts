/** A directory on this machine as one side of a sync: the workstation's, and the agent's in the container. */
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
} from 'node:fs';
import { SerialQueue } from '../../../src/async/serial-queue.ts';
import { machine } from '../../../src/machine.ts';
import { emptyDirectory, type MaybeEntry, measure, walk } from '../reconcile/entry.ts';
import { editsOf, type Operation, type OperationResult } from '../reconcile/operations.ts';
import { lookup, splitPath } from '../reconcile/tree.ts';
import { apply } from './apply.ts';
import { chunkSize, DigestCache, readParts, readWhole, SmallReader } from './digest.ts';
import type {
  Chunk,
  ContentRef,
  ContentRequest,
  Contents,
  Endpoint,
  EndpointFacts,
  EndpointOptions,
  TrashItem,
} from './endpoint.ts';
import type { ApplyContext } from './file-operations.ts';
import { Descent, Folder } from './folder.ts';
import { Gate } from './gate.ts';
import { findGitDirectory, isGitBusy } from './git.ts';
import { HeapTrimmer } from './heap-trimmer.ts';
import { compileIgnores } from './ignore.ts';
import {
  hideFromGit,
  type MetadataFolder,
  openMetadataFolder,
  removeMetadataFolder,
} from './metadata-folder.ts';
import { partsOf } from './names.ts';
import { decomposes, factsOf, findsOtherCase, isPrecise, writeOwn } from './probe.ts';
import { Staging } from './staging.ts';
import { Tracker } from './tracker.ts';
import { discard, Trash } from './trash.ts';

export interface LocalOptions extends EndpointOptions {
  /** Paths below the root where something else is mounted. */
  readonly mounts?: ReadonlySet<string>;
  /** Git directories are looked for up to here. */
  readonly top?: string;
  /** The tree as it was known before, for what this file system cannot tell (the executable bit). */
  readonly known?: MaybeEntry;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** Bytes of what may be on its way into the tree at a time; there is no bound but the disk where it is left out. */
  readonly stagingLimit?: number | undefined;
  /** Where our things may be kept outside of the root, the best place first. */
  readonly metadataCandidates?: readonly string[];
}

export class LocalEndpoint implements Endpoint {
  readonly facts: EndpointFacts;
  onHint: () => void = () => {};
  readonly #root: string;
  readonly #options: LocalOptions;
  #metadata!: MetadataFolder;
  #staging!: Staging;
  #trash!: Trash;
  /** The root's inode when its id was read. */
  readonly #inode: number;
  readonly #tracker: Tracker;
  readonly #gate: Gate;
  readonly #heapTrimmer = new HeapTrimmer();
  readonly #gitDirectory: string | undefined;
  #operation = '';
  /** What could not be deleted in the operation. */
  readonly #undeleted = new Set<string>();
  /** Looking and doing take turns: a look from before must not overwrite what was done since. */
  readonly #turn = new SerialQueue();

  /** Throws where the root is no directory that can be written to. */
  constructor(options: LocalOptions) {
    this.#root = options.root;
    this.#options = options;
    this.#inode = this.#openOwn();
    try {
      [this.facts, this.#tracker, this.#gate] = this.#begin(options);
    } catch (error) {
      // Whoever tries again must not find us at work there.
      this.#closeOwn();
      throw error;
    }
    this.#gitDirectory = findGitDirectory(options.root, options.top);
  }

  #begin(options: LocalOptions): [EndpointFacts, Tracker, Gate] {
    const { folder: aside, isUsed: hasStaged } = this.#staging;
    const { rootId, path: metadataFolder, isInside: isMetadataInside } = this.#metadata;
    hideFromGit(this.#metadata.folder);
    const tried = factsOf(aside);
    const foldsNames = tried.foldsNames || this.#findsOtherCase();
    const facts = { ...tried, foldsNames, rootId, hasStaged, metadataFolder, isMetadataInside };
    const isIgnored = compileIgnores(options.ignores);
    const tracker = new Tracker({
      root: options.root,
      options: options.scan,
      isIgnored,
      cache: loadCache(this.#metadata.folder, aside),
      mounts: options.mounts ?? new Set(),
      foldsNames: facts.foldsNames,
      decomposes: decomposes(aside),
      executableFrom: facts.hasModes ? undefined : (path) => this.#wasExecutable(path),
      onHint: () => this.onHint(),
      now: options.now ?? (() => performance.now()),
    });
    return [facts, tracker, new Gate(options.scan, isIgnored)];
  }

  get tree(): MaybeEntry {
    return this.#tracker.tree;
  }

  get degraded(): string | undefined {
    return this.#tracker.degraded;
  }

  get isBusy(): boolean {
    return isGitBusy(this.#gitDirectory);
  }

  /** Whether a refresh would look at anything. */
  get isStale(): boolean {
    return this.#tracker.isStale;
  }

  async refresh(everything = false): Promise<void> {
    if (everything) this.#tracker.hintEverything();
    await this.#alone(() => this.#tracker.refresh());
    if (everything) this.#heapTrimmer.note(measure(this.tree).files);
  }

  /** Once for a digest that is wanted at several paths. */
  async missing(wanted: readonly ContentRef[]): Promise<ContentRequest[]> {
    const byDigest = new Map(wanted.map((one) => [one.digest, one]));
    for (const digest of byDigest.keys()) if (await this.#staging.has(digest)) byDigest.delete(digest);
    if (byDigest.size > 0) await this.#adoptOwn(byDigest);
    return [...byDigest.values()].map((one) => ({ ...one, offset: this.#staging.partial(one) }));
  }

  async *read(needs: readonly ContentRequest[], signal?: AbortSignal): AsyncGenerator<Chunk> {
    using descent = new Descent(this.#root);
    const small = new SmallReader();
    this.#heapTrimmer.note(needs.length);
    for (const need of needs) {
      const [parent, name] = splitPath(need.path);
      try {
        const file = descent.to(parent).at(name);
        if (need.size >= chunkSize || need.offset > 0) yield* chunksOf(file, need, signal);
        else {
          const data = small.read(file, need.size);
          if (data !== undefined)
            yield { digest: need.digest, size: need.size, offset: 0, data, slab: small.slab };
        }
      } catch {
        // Gone or unreadable by now; whoever asked will look again.
        signal?.throwIfAborted();
      }
    }
  }

  async receive(chunks: AsyncIterable<Chunk>): Promise<void> {
    try {
      for await (const chunk of chunks) await this.write(chunk);
      this.#staging.endOfContents();
    } finally {
      this.#staging.suspend();
    }
  }

  /** Takes in one part of a content. */
  async write(chunk: Chunk): Promise<void> {
    await this.#staging.write(chunk);
  }

  apply(operations: readonly Operation[], name: string, contents?: Contents): Promise<OperationResult[]> {
    return this.#alone(async () => {
      this.#beginOperation(name);
      const outcomes = await apply(this.#applyContext(contents), operations);
      this.#tracker.noteDone(editsOf(operations, outcomes));
      this.#heapTrimmer.note(operations.length);
      for (const { path, problem, left, surprise } of outcomes)
        if (problem !== undefined || left || surprise) this.#tracker.doubt(path);
      return outcomes;
    });
  }

  /** Begins an operation, or the next batch of it. */
  #beginOperation(name: string): void {
    if (name !== this.#operation) this.#undeleted.clear();
    this.#operation = name;
    this.#trash.begin(name);
  }

  /** Those contents that `discard` has not filed under their paths yet. */
  unfiled(items: readonly ContentRef[]): ContentRef[] {
    return items.filter((item) => !this.#trash.isFiled(item));
  }

  discard(items: readonly ContentRef[], name: string): Promise<OperationResult[]> {
    return this.#alone(async () => {
      this.#beginOperation(name);
      return discard(items, this.#staging, this.#trash);
    });
  }

  async trash(): Promise<{ items: TrashItem[]; used: number; limit: number }> {
    return { items: this.#trash.list(), used: this.#trash.used, limit: this.#trash.limit };
  }

  restore(item: Pick<TrashItem, 'operation' | 'path'>, name: string): Promise<void> {
    return this.#alone(async () => {
      const [parent, base] = splitPath(item.path);
      const parts = partsOf(parent, machine.platform);
      // Directories that are gone are made again, like those around them.
      const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
      const made = above.map((path) => ({ path, old: undefined, new: emptyDirectory }));
      await apply(this.#applyContext(undefined), made);
      using root = Folder.root(this.#root);
      using folder = root.descend(parts);
      const now = lstatSync(folder.at(base), { throwIfNoEntry: false });
      if (now?.isDirectory()) throw new Error(`${item.path} is a directory now`);
      try {
        const copy = this.#staging.scratch();
        this.#trash.use(item, (file) => copyLeaf(file, copy));
        this.#beginOperation(name);
        if (now) this.#trash.keep(folder.at(base), item.path);
        renameSync(copy, folder.at(base));
      } finally {
        this.#staging.release(false);
      }
      this.#tracker.doubt(item.path);
    });
  }

  async emptyTrash(): Promise<number> {
    return this.#trash.clear();
  }

  /** Removes all that we keep of the root, inside of it and outside. */
  async purge(): Promise<void> {
    await this.close();
    removeMetadataFolder(this.#root, this.#candidates);
  }

  async close(): Promise<void> {
    await this.#turn.idle();
    this.#heapTrimmer.close();
    this.#tracker.close();
    this.saveCache();
    this.#closeOwn();
  }

  #closeOwn(): void {
    for (const one of [this.#staging, this.#trash, this.#metadata.folder]) one.close();
  }

  /** Remembers digests for the next process. */
  saveCache(): void {
    try {
      const text = [...this.#tracker.cache.serialize()].join('');
      const { folder } = this.#metadata;
      writeOwn(folder, 'digests.new', text);
      renameSync(folder.at('digests.new'), folder.at('digests'));
    } catch {
      // It only saves time.
    }
  }

  /** Our folder, which is not in the root, may be of another kind. */
  #findsOtherCase(): boolean {
    using root = Folder.root(this.#root);
    const inodeOf = (name: string) => lstatSync(root.at(name), { throwIfNoEntry: false })?.ino;
    return findsOtherCase(readdirSync(root.path), inodeOf);
  }

  get #candidates(): readonly string[] {
    return this.#options.metadataCandidates ?? [];
  }

  /** Opens our own folder, made where it is missing. Returns the root's inode. */
  #openOwn(rootId?: string): number {
    const metadata = openMetadataFolder(this.#root, this.#candidates, rootId);
    const trash = new Trash(metadata.folder.make('trash'), this.#options.trashLimit);
    const staging = new Staging(metadata.folder.make('staging'), this.#options.stagingLimit);
    [this.#metadata, this.#staging, this.#trash] = [metadata, staging, trash];
    return this.#rootInode;
  }

  get #rootInode(): number {
    using root = Folder.root(this.#root);
    return root.self.ino;
  }

  /** Our folder may be taken away while we work (`git clean -fdx`): what is open of it is nowhere then. */
  #keepOwn(): void {
    try {
      const before = [this.#staging, this.#trash, this.#metadata.folder];
      const now = lstatSync(this.#metadata.path, { throwIfNoEntry: false });
      if (now?.ino === this.#metadata.folder.self.ino && this.#staging.isThere) return;
      // Another root gets an id of its own.
      this.#openOwn(this.#rootInode === this.#inode ? this.facts.rootId : undefined);
      for (const one of before) one.close();
      hideFromGit(this.#metadata.folder);
    } catch {
      // The root itself has gone, or is full: whatever is done next says so.
    }
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#turn.run(() => {
      this.#keepOwn();
      return work();
    });
  }

  #applyContext(contents: Contents | undefined): ApplyContext {
    const { scan } = this.#options;
    const { foldsNames, hasModes } = this.facts;
    const { cache } = this.#tracker;
    return {
      root: this.#root,
      options: scan,
      cache,
      gate: this.#gate,
      staging: this.#staging,
      trash: this.#trash,
      foldsNames,
      hasModes,
      contents,
      undeleted: this.#undeleted,
      onMade: (path, folder) => this.#tracker.noteMade(path, folder),
      onUnmade: (path) => this.#tracker.noteUnmade(path),
    };
  }

  #wasExecutable(path: string): boolean {
    const entry = lookup(this.#tracker.tree ?? this.#options.known, path);
    return entry?.kind === 'file' && entry.executable;
  }

  /** What is wanted may be in the tree under another name: a rename costs nothing. */
  async #adoptOwn(wanted: Map<string, ContentRef>): Promise<void> {
    using descent = new Descent(this.#root);
    for (const [path, entry] of walk(this.tree)) {
      if (entry.kind !== 'file' || !wanted.has(entry.digest)) continue;
      const [parent, name] = splitPath(path);
      try {
        const file = descent.to(parent).at(name);
        if (await this.#staging.adopt(entry, file)) wanted.delete(entry.digest);
      } catch {
        // It has gone; then it will be sent.
      }
    }
  }
}

/** A large file in parts; what has grown since is left out, and shows by its digest. */
async function* chunksOf(file: string, need: ContentRequest, signal?: AbortSignal): AsyncGenerator<Chunk> {
  const { digest, size } = need;
  let { offset } = need;
  for await (const data of readParts(file, offset, signal)) {
    if (offset + data.length > size) return;
    yield { digest, size, offset, data };
    offset += data.length;
  }
}

/** A link as such: what it leads to is not what was in the trash. */
function copyLeaf(from: string, to: string): void {
  const stats = lstatSync(from);
  if (stats.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
    return;
  }
  copyFileSync(from, to);
  chmodSync(to, stats.mode & 0o777);
}

function loadCache(folder: Folder, aside: Folder): DigestCache {
  const cache = new DigestCache(isPrecise(aside));
  try {
    cache.load(readWhole(folder.at('digests')).toString());
  } catch {
    // The first time.
  }
  return cache;
}
