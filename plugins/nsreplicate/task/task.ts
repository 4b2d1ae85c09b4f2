/**
 * One task at work: lists and watches the primary and its replicas, and has every replica converge. Everything
 * that it knows is derived from what the clusters have now; it may be ended and begun again at any moment.
 */

import { messageOf } from '../../../src/errors.ts';
import type { CallOptions } from '../../../src/kube/client.ts';
import { listPages } from '../../../src/kube/list.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import type { AppliedResults } from '../cache/applied-results.ts';
import { Autoscaled, autoscalersOf } from '../cache/autoscaled.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import { askUntilAnswered } from '../clusters/ask-until-answered.ts';
import { anotherCluster, identifyAgain, type Site } from '../clusters/cluster.ts';
import { type CopiedKind, chooseKinds, kindsMissingOn } from '../clusters/kinds.ts';
import { absentees, scopesOf } from '../clusters/scopes.ts';
import { checkMap, coverageOf, displaced } from '../decide/spec.ts';
import type { JobRecords } from '../jobs/records.ts';
import { idleOverrides } from '../objects/idle-overrides.ts';
import { type ObjectKey, Places } from '../objects/keys.ts';
import { inWaves, isGround } from '../objects/order.ts';
import type { Replica } from '../reconcile/replica.ts';
import { literalNamespaces } from '../rules/scope.ts';
import type { Labels } from '../rules/selector.ts';
import { assembleReplica } from './assemble.ts';
import { type Listed, primaryFeed } from './handlers.ts';
import { NeedsCheck } from './needs-check.ts';
import { PrimaryGuard } from './primary-guard.ts';
import { PrimaryLists } from './primary-lists.ts';
import { ReplicaLists } from './replica-lists.ts';
import { setUp } from './set-up.ts';
import type { TaskOptions } from './task-options.ts';

/** How long one comparison waits for a replica that went away. */
const PATIENCE_MS = 15_000;

export class Task {
  readonly #options: TaskOptions;
  readonly places: Places;
  readonly records: JobRecords;
  readonly notes: string[] = [];
  readonly settled: AppliedResults;
  readonly #autoscaled: Autoscaled;
  readonly #namespaceLabels = new Map<string, Labels>();
  #kinds: readonly CopiedKind[] = [];
  #catalogue: PrimaryCache | undefined;
  #needs: NeedsCheck | undefined;
  #replicas: Replica[] = [];
  readonly #primary: PrimaryLists;
  #comparing = true;
  #paused = false;
  readonly #guard: PrimaryGuard;

  constructor(options: TaskOptions) {
    this.#options = options;
    this.records = options.records;
    this.settled = options.settled;
    checkMap(options.spec.map, options.spec.namespaces);
    this.places = new Places(options.spec.map);
    this.#primary = new PrimaryLists(options, this.notes);
    this.#autoscaled = new Autoscaled(this.places);
    this.#guard = new PrimaryGuard({
      ...options,
      replicas: () => this.#replicas,
      isOlderNow: (known) => this.catalogue.isOlderNow(known, this.#guardCall),
      primaryReplaced: () => options.beginAnew(anotherCluster(options.primary)),
      primaryNow: () => identifyAgain(options.primary, this.#guardCall),
    });
  }

  /** The last record is written when the run is over, and the primary is asked before that who it is. */
  get #guardCall(): CallOptions {
    const { signal } = this.#options;
    return signal.aborted ? {} : { signal };
  }

  get replicas(): readonly Replica[] {
    return this.#replicas;
  }

  get kinds(): readonly CopiedKind[] {
    return this.#kinds;
  }

  get catalogue(): PrimaryCache {
    if (!this.#catalogue) throw new Error('the task was not begun');
    return this.#catalogue;
  }

  /** How the primary can be read. */
  get primary(): Pick<PrimaryLists, 'away' | 'refused'> {
    return this.#primary;
  }

  /** Whether the first comparison is still under way. */
  get comparing(): boolean {
    return this.#comparing;
  }

  /**
   * Compares everything, wave by wave, and works off what differs. With `watch`, resolves when the first
   * comparison is through and goes on after that until the signal aborts.
   * @throws {UsageError | ForbiddenError | UnreachableError} the primary can't be read as the rules want it
   */
  async begin(): Promise<void> {
    await this.#prepare();
    const scopes = await this.#scopes();
    // What replicas have can be listed in any order; only writing has one.
    const replicas = new ReplicaLists(this.#options, this.places, this.#replicas);
    const retired = replicas.followRetired([...scopes.values()].flat(), (kind) =>
      this.#primary.isSilentAbout(kind),
    );
    const listed = new Map([...scopes].map(([kind, lists]) => [kind, replicas.follow(lists)]));
    for (const wave of inWaves(this.#kinds, ({ name }) => name)) {
      await Promise.all(
        wave.map(async (kind) => {
          const lists = scopes.get(kind) ?? [];
          await listed.get(kind);
          await replicas.listWhatCame(kind, lists, this.#kinds);
          await Promise.all(lists.map((list) => this.#followPrimary(list)));
        }),
      );
      // Nothing can be written without its namespace and its kind. For all else the order in which it is begun
      // is enough, and a slow replica must not hold up a quick one.
      if (wave.some(({ name }) => isGround(name))) await this.#settleDown();
    }
    this.#primary.checkAny();
    await retired;
    await this.#settleDown();
    this.#comparing = false;
    this.#options.memory.covered = replicas.covered;
    this.notes.push(
      ...absentees(this.#options, this.catalogue, this.#namespaceLabels),
      ...displaced(this.#options.spec, this.#namespaceLabels.keys()),
      ...this.#idleOverrides(),
      ...this.catalogue.mentions(),
    );
    for (const replica of this.#replicas) replica.compared();
    await this.#needs?.check();
    if (this.#options.watch) this.#needs?.follow().catch(this.#options.broken);
    this.#options.changed();
  }

  #idleOverrides(): string[] {
    const replicas = this.#replicas.map(({ name }) => name);
    return idleOverrides(this.#options.spec.overrides, { replicas, keys: () => this.catalogue.keys() });
  }

  /** How many objects are kept the same; 0 before it is known. */
  get objects(): number {
    return this.#catalogue?.size ?? 0;
  }

  /** Objects that are not copied, by why. */
  get skipped(): ReadonlyMap<string, number> {
    return this.#catalogue?.skipped ?? new Map();
  }

  /** What a replica lacks that copied workloads need, one line each. */
  lacks(replica: string): readonly string[] {
    return this.#needs?.lacks(replica) ?? [];
  }

  /** Tries again what failed, parked or not. Returns how much. */
  retry(replicas: readonly string[] | undefined, key: ObjectKey | undefined): number {
    return this.#replicas
      .filter(({ name }) => replicas === undefined || replicas.includes(name))
      .reduce((count, replica) => count + replica.retry((failed) => key === undefined || failed === key), 0);
  }

  /** The state was written with this marker. */
  stateWritten(marker: number): void {
    this.#guard.written(marker);
  }

  /** Looks whether the primary is what it was, and stops deletions where it is not. */
  confirmPrimary(): Promise<void> {
    return this.#guard.confirm();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    for (const replica of this.#replicas) replica.setPaused(paused);
  }

  /** A person looked at what stopped deletions, and wants to go on. Heeded once for each approval. */
  approve(approval: string): void {
    if (approval === '' || approval === this.#options.memory.approval) return;
    this.#options.info('approved: deletions go on');
    this.#guard.approve(approval);
    this.#options.changed();
  }

  async #prepare(): Promise<void> {
    const { primary, replicas, spec, memory, signal } = this.#options;
    const choice = await chooseKinds(primary, spec.rules, { signal });
    const { kinds } = choice;
    this.#kinds = kinds;
    this.notes.push(...choice.notes);
    this.#primary.takeSilent(choice);
    const { places } = this;
    const surroundings = { kinds, places, autoscaled: this.#autoscaled, labels: this.#namespaceLabels };
    const { shaping, catalogue } = setUp(this.#options, surroundings);
    this.#catalogue = catalogue;
    this.#needs = new NeedsCheck({ ...this.#options, catalogue, places });
    const parts = { catalogue, places, shaping, guard: this.#guard };
    this.#replicas = replicas.map((site) => assembleReplica(site, this.#options, parts));
    this.setPaused(this.#paused);
    await Promise.all(replicas.map((site) => this.#noteMissingKinds(site)));
    if (kinds.some(({ name }) => /^(Deployment|StatefulSet|ReplicaSet)\.apps$/.test(name)))
      await this.#followAutoscalers();
    this.#guard.checkPrimary();
    this.#guard.checkRecord();
    memory.sites = Object.fromEntries(replicas.map(({ name, id }) => [name, id]));
  }

  async #scopes(): Promise<ReadonlyMap<CopiedKind, readonly Listed[]>> {
    // Where namespaces may not be read, that is what has to be said.
    const [ground, rest] = [true, false].map((is) => this.#kinds.filter(({ name }) => isGround(name) === is));
    const found = new Map<CopiedKind, Listed[]>();
    for (const kinds of [ground ?? [], rest ?? []])
      await Promise.all(kinds.map(async (kind) => found.set(kind, await this.#primary.scopes(kind))));
    return found;
  }

  #followPrimary(listed: Listed): Promise<void> {
    const handler = primaryFeed(listed, {
      catalogue: this.catalogue,
      guard: this.#guard,
      replicas: this.#replicas,
      take: (kind, object, list) => this.#take(kind, object, list),
      room: () => this.#makeRoom(),
    });
    return this.#primary.follow(listed, handler);
  }

  #take(kind: CopiedKind, object: KubeObject, list?: string): void {
    if (kind.name === 'Namespace') this.#noteNamespace(object);
    const taken = this.catalogue.take(kind, object, list);
    if (taken === 'unchanged') return;
    const key = this.places.ofOriginal(kind.name, object);
    for (const replica of this.#replicas) replica.renewed(key);
  }

  /** Where labels decide which namespaces are covered, one that comes to be covered is read from the start. */
  #noteNamespace({ metadata: { name, labels = {} } }: KubeObject): void {
    const { spec } = this.#options;
    const covers = coverageOf(spec);
    const before = this.#namespaceLabels.get(name);
    this.#namespaceLabels.set(name, labels);
    if (spec.namespaces.selector.length === 0 || this.#comparing) return;
    if (covers(name, labels) && !covers(name, before ?? {}))
      void askUntilAnswered(() => this.#rescan(name), this.#options);
  }

  async #rescan(namespace: string): Promise<void> {
    const { primary, signal } = this.#options;
    for (const kind of this.#kinds.filter(({ resource }) => resource.namespaced))
      await listPages(primary.kube, kind.resource, { namespace, signal }, (items) => {
        for (const object of items) this.#take(kind, object);
      });
  }

  /** Holds the primary's list up while every replica has enough to do: objects need not be kept then. */
  async #makeRoom(): Promise<void> {
    const { clock, signal } = this.#options;
    const until = clock.monotonic() + 60_000;
    const isFull = () => {
      // One that is held gets through nothing: who waited for it would not even know what there is.
      const atWork = this.#replicas.filter(({ isHeld }) => !isHeld);
      return atWork.length > 0 && atWork.every(({ busy }) => busy > 300);
    };
    while (isFull() && clock.monotonic() < until) await clock.sleep(20, signal);
  }

  /** Resolves when all replicas have done what can be done now. */
  async #settleDown(): Promise<void> {
    const { clock, signal, watch } = this.#options;
    const patience = clock.monotonic() + (watch ? 0 : PATIENCE_MS);
    const waits = ({ busy, delayed, isHeld }: Replica) =>
      (busy > 0 || (!watch && delayed > 0)) && (!isHeld || clock.monotonic() < patience);
    while (this.#replicas.some(waits)) await clock.sleep(20, signal);
  }

  async #followAutoscalers(): Promise<void> {
    const { primary, feeds, spec, watch, signal } = this.#options;
    const resource = await autoscalersOf(primary, { signal });
    if (!resource) return;
    const changed = (target: ObjectKey) => {
      if (!this.#comparing)
        void askUntilAnswered(
          () => this.catalogue.reread(target, signal).then(() => this.#renew(target)),
          this.#options,
        );
    };
    try {
      const scopes = await scopesOf(primary, resource, literalNamespaces(spec.namespaces), { signal });
      const feed = { kube: primary.kube, resource, metadataOnly: false, watch };
      const follow = (namespace: string | undefined) =>
        feeds.follow({ ...feed, namespace }, this.#autoscaled.handler(namespace, changed), signal);
      await Promise.all(scopes.map(follow));
    } catch (error) {
      signal.throwIfAborted();
      this.notes.push(`autoscalers can't be read, so replicas are copied as they are: ${messageOf(error)}`);
    }
  }

  #renew(key: ObjectKey): void {
    for (const replica of this.#replicas) replica.renewed(key);
  }

  async #noteMissingKinds(site: Site): Promise<void> {
    const { signal, warn } = this.#options;
    const missing = await kindsMissingOn(site, this.#kinds, { signal }).catch(() => []);
    for (const kind of missing) warn(`replica ${site.name} has no ${kind}: its objects wait until it does`);
  }
}
