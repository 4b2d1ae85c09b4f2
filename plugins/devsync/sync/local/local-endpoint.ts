/** A directory on this machine as one side of a sync: the workstation's, and the agent's in the container. */
import { lstatSync, readdirSync } from 'node:fs';
import { SerialQueue } from '../../../../src/async/serial-queue.ts';
import { type Clock, systemClock } from '../../../../src/clock.ts';
import { type MaybeEntry, measure, otherMountProblem } from '../../reconcile/entry.ts';
import { editsOf, type Operation, type OperationResult } from '../../reconcile/operations.ts';
import { withKnownPermissions } from '../../reconcile/tree.ts';
import { apply } from '../apply/apply.ts';
import type { ApplyContext } from '../apply/file-operations.ts';
import { restoreItem } from '../apply/restore.ts';
import { readContents, stageFromTree } from '../contents/content-reader.ts';
import { readBelow, signatureOf } from '../contents/delta-files.ts';
import { EarlyReading } from '../contents/early-content.ts';
import { KnownBlocks, type Range } from '../delta/known-blocks.ts';
import type { Signature } from '../delta/signature.ts';
import type {
  Chunk,
  ContentRef,
  ContentRequest,
  Contents,
  EarlyContent,
  Endpoint,
  EndpointFacts,
  TrashItem,
} from '../endpoint.ts';
import { Folder } from '../files/folder.ts';
import { Gate } from '../ignore/gate.ts';
import { compileIgnores } from '../ignore/ignore.ts';
import { compileWriteRules, type WriteMode } from '../ignore/write-rules.ts';
import { decomposes, factsOf, findsOtherCase } from '../metadata/probe.ts';
import { findGitDirectory, isGitBusy } from '../scan/git.ts';
import { Tracker } from '../scan/tracker.ts';
import { discard } from '../trash/trash.ts';
import { EndpointStorage } from './endpoint-storage.ts';
import { heapTrimmer } from './heap-trimmer.ts';
import { IncomingContents } from './incoming-contents.ts';
import type { LocalOptions } from './local-options.ts';
import { OperationsUnderWay } from './operations-under-way.ts';

export class LocalEndpoint implements Endpoint {
  readonly facts: EndpointFacts;
  onHint: () => void = () => {};
  onEarly: (early: EarlyContent) => boolean = () => false;
  readonly #root: string;
  readonly #options: LocalOptions;
  readonly #clock: Clock;
  readonly #storage: EndpointStorage;
  readonly incoming: IncomingContents;
  readonly #tracker: Tracker;
  readonly #gate: Gate;
  readonly #writeMode: (path: string) => WriteMode;
  readonly #blocks: KnownBlocks;
  readonly #gitDirectory: string | undefined;
  readonly takesSeveral = true;
  readonly takesDeltas = true;
  readonly #operations = new OperationsUnderWay();
  /** Looking and doing take turns: a look from before must not overwrite what was done since. */
  readonly #turn = new SerialQueue();
  #isClosed = false;

  /** Throws where the root is no directory that can be written to. */
  constructor(options: LocalOptions) {
    this.#root = options.root;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { digests = {} } = options;
    digests.blocks ??= new KnownBlocks();
    this.#blocks = digests.blocks;
    this.#writeMode = compileWriteRules(options.write ?? []);
    this.#storage = new EndpointStorage(options);
    this.incoming = new IncomingContents(options.root, this.#storage);
    try {
      [this.facts, this.#tracker, this.#gate] = this.#begin(options);
    } catch (error) {
      // The next attempt must not find an open staging folder of ours.
      this.#storage.close();
      throw error;
    }
    this.#gitDirectory = findGitDirectory(options.root, options.top);
  }

  #begin(options: LocalOptions): [EndpointFacts, Tracker, Gate] {
    const { folder: aside, isUsed: hasStaged } = this.#storage.staging;
    const { rootId, path: metadataFolder, isInside: isMetadataInside } = this.#storage.metadata;
    const tried = factsOf(aside);
    const foldsNames = tried.foldsNames || this.#findsOtherCase();
    const facts = { ...tried, foldsNames, rootId, hasStaged, metadataFolder, isMetadataInside };
    const isIgnored = compileIgnores(options.ignores);
    const tracker = new Tracker({
      root: options.root,
      place: options.place,
      options: options.scan,
      isIgnored,
      cache: this.#storage.loadDigests(),
      mounts: options.mounts ?? new Set(),
      writableMounts: options.writableMounts,
      problemAt: (path) => this.#storage.inPlace.problemAt(path),
      blocks: this.#blocks,
      early: (path, old, size) => this.#early(path, old, size),
      foldsNames: facts.foldsNames,
      decomposes: decomposes(aside),
      hasModes: facts.hasModes,
      onHint: () => this.onHint(),
      now: () => this.#clock.monotonic(),
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
    if (everything) heapTrimmer.note(measure(this.tree).files);
  }

  /** Once for a digest that is wanted at several paths. */
  async missing(wanted: readonly ContentRef[]): Promise<ContentRequest[]> {
    const byDigest = new Map(wanted.map((one) => [one.digest, one]));
    for (const digest of byDigest.keys())
      if (await this.#storage.staging.has(digest)) byDigest.delete(digest);
    if (byDigest.size > 0) await stageFromTree(this.#root, this.tree, this.#storage.staging, byDigest);
    return [...byDigest.values()].map((one) => ({ ...one, offset: this.#storage.staging.partial(one) }));
  }

  async signature({ digest, path }: ContentRef): Promise<Signature | undefined> {
    if (this.#storage.staging.wasWrong(digest)) return undefined;
    try {
      return await signatureOf(this.#root, path);
    } catch {
      // It has gone, or cannot be read: then there is nothing that differences could be to.
      return undefined;
    }
  }

  async unchanged(old: string, wanted: string): Promise<readonly Range[] | undefined> {
    return this.#blocks.unchanged(old, wanted);
  }

  async *read(needs: readonly ContentRequest[], signal?: AbortSignal): AsyncGenerator<Chunk> {
    heapTrimmer.note(needs.length);
    yield* readContents(this.#root, needs, signal);
  }

  async receive(chunks: AsyncIterable<Chunk>): Promise<void> {
    await this.incoming.receive(chunks);
  }

  apply(operations: readonly Operation[], name: string, contents?: Contents): Promise<OperationResult[]> {
    return this.#alone(async () => {
      if (this.#tracker.isOtherMount)
        return operations.map(({ path }) => ({ path, problem: otherMountProblem }));
      this.#beginOperation(name);
      const results = await apply(this.#applyContext(contents, operations.length), operations);
      this.#storage.trash.end();
      this.#tracker.noteDone(withKnownPermissions(editsOf(operations, results), this.facts.hasModes));
      heapTrimmer.note(operations.length);
      for (const { path, problem, left, surprise } of results)
        if (problem !== undefined || left || surprise) this.#tracker.doubt(path);
      return results;
    });
  }

  /** Begins an operation, or the next batch of it. */
  #beginOperation(name: string): void {
    this.#operations.begin(name);
    this.#storage.trash.begin(name);
  }

  /** Those contents that `discard` has not filed under their paths yet. */
  unfiled(items: readonly ContentRef[]): ContentRef[] {
    return items.filter((item) => !this.#storage.trash.isFiled(item));
  }

  discard(items: readonly ContentRef[], name: string): Promise<OperationResult[]> {
    return this.#alone(async () => {
      this.#beginOperation(name);
      return discard(items, this.#storage.staging, this.#storage.trash);
    });
  }

  async trash(): Promise<{ items: TrashItem[]; used: number; limit: number }> {
    const { trash } = this.#storage;
    return { items: trash.list(), used: trash.used, limit: trash.limit };
  }

  restore(item: Pick<TrashItem, 'operation' | 'path'>, name: string): Promise<void> {
    return this.#alone(async () => {
      await restoreItem(this.#applyContext(undefined, 1), item, () => this.#beginOperation(name));
      this.#tracker.doubt(item.path);
    });
  }

  async emptyTrash(): Promise<number> {
    return this.#storage.trash.clear();
  }

  /** Removes all that we keep of the root, inside of it and outside. */
  async purge(): Promise<void> {
    await this.close();
    this.#storage.remove();
  }

  /** What was asked for before is done first; what is asked for from now on is refused (ECANCELED). */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#turn.idle();
    this.#tracker.close();
    this.saveCache();
    this.#storage.close();
  }

  /** Remembers digests for the next process. */
  saveCache(): void {
    this.#storage.saveDigests(this.#tracker.cache);
  }

  /** Our folder, which is not in the root, may be of another kind. */
  #findsOtherCase(): boolean {
    using root = Folder.root(this.#root);
    const inodeOf = (name: string) => lstatSync(root.at(name), { throwIfNoEntry: false })?.ino;
    return findsOtherCase(readdirSync(root.path), inodeOf);
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw Object.assign(new Error('the endpoint is closed'), { code: 'ECANCELED' });
    return this.#turn.run(async () => {
      if (!this.#tracker.isOtherMount) this.#storage.reopenIfGone();
      for (const path of await this.#storage.inPlace.settle()) this.#tracker.doubt(path);
      return await work();
    });
  }

  #applyContext(contents: Contents | undefined, operations: number): ApplyContext {
    const { scan } = this.#options;
    const { foldsNames, hasModes } = this.facts;
    const { cache } = this.#tracker;
    return {
      root: this.#root,
      options: scan,
      cache,
      gate: this.#gate,
      refusesRepositories: this.#options.refusesRepositories === true,
      staging: this.#storage.staging,
      trash: this.#storage.trash,
      inPlace: this.#storage.inPlace,
      clock: this.#clock,
      operations,
      isInPlace: (path) => this.#isMounted(path) || this.#writeMode(path) === 'in-place',
      isMounted: (path) => this.#isMounted(path),
      foldsNames,
      hasModes,
      contents,
      undeleted: this.#operations.undeleted,
      onMade: (path, folder) => this.#tracker.noteMade(path, folder),
      onUnmade: (path) => this.#tracker.noteUnmade(path),
      onLinked: (path) => this.#tracker.doubt(path),
    };
  }

  #isMounted(path: string): boolean {
    return this.#options.mounts?.has(path) ?? false;
  }

  #early(path: string, old: string, size: number): EarlyReading | undefined {
    const before = this.#blocks.get(old);
    if (before === undefined) return undefined;
    const read = (range: Range) => readBelow(this.#root, path, range);
    const early = new EarlyReading({ path, old, before, size, read });
    return this.onEarly(early) ? early : undefined;
  }
}
