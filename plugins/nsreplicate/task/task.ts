/**
 * One task at work: lists and watches the primary and its replicas, and has every replica converge. Everything
 * that it knows is derived from what the clusters have now; it may be ended and begun again at any moment.
 */

import type { CallOptions } from '../../../src/kube/api/client.ts';
import { listPages } from '../../../src/kube/api/list.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { AppliedResults } from '../cache/applied-results.ts';
import { Autoscaled } from '../cache/autoscaled.ts';
import { formerPlaces } from '../cache/former-places.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import { askUntilAnswered } from '../clusters/ask-until-answered.ts';
import { anotherCluster, identifyAgain } from '../clusters/cluster.ts';
import { type CopiedKind, chooseKinds } from '../clusters/kinds.ts';
import { isOlderNow } from '../clusters/seen-version.ts';
import { digestIn, namesWaiting } from '../decide/approval.ts';
import { checkMap } from '../decide/spec.ts';
import type { JobRecords } from '../jobs/records.ts';
import { type ObjectKey, Places } from '../objects/keys.ts';
import { inWaves, isGround } from '../objects/order.ts';
import type { Replica } from '../reconcile/replica.ts';
import { namespaceMatcher } from '../rules/scope.ts';
import { assembleReplica } from './assemble.ts';
import { CoveredNamespaces } from './covered-namespaces.ts';
import { followAutoscalers, noteUnread, unreadAutoscalers } from './follow-autoscalers.ts';
import { type Listed, primaryHandler } from './handlers.ts';
import { NeedsCheck } from './needs-check.ts';
import { awaitIdle, awaitRoom, awaitWrites } from './pace.ts';
import { PrimaryGuard } from './primary-guard.ts';
import { PrimaryLists } from './primary-lists.ts';
import { ReplicaLists } from './replica-lists.ts';
import { checkRoom, copiedTo, notesOn, setUp, warnOfMissingKinds } from './set-up.ts';
import type { TaskOptions } from './task-options.ts';

export class Task {
  readonly #options: TaskOptions;
  readonly places: Places;
  readonly records: JobRecords;
  readonly notes: string[] = [];
  readonly results: AppliedResults;
  readonly #autoscaled: Autoscaled;
  readonly #namespaces: CoveredNamespaces;
  #kinds: readonly CopiedKind[] = [];
  #primaryCache: PrimaryCache | undefined;
  #needs: NeedsCheck | undefined;
  #replicas: Replica[] = [];
  readonly #primary: PrimaryLists;
  #comparing = true;
  #paused = false;
  /** The last one that was asked for. */
  #approval = '';
  readonly #guard: PrimaryGuard;

  constructor(options: TaskOptions) {
    this.#options = options;
    this.records = options.records;
    this.results = options.results;
    checkMap(options.spec.map, options.spec.namespaces);
    const { spec, saved } = options;
    // Whatever its labels are: a namespace that may be covered is no former place.
    const covers = namespaceMatcher({ ...spec.namespaces, selector: [] });
    this.places = new Places(spec.map, formerPlaces(saved, spec.map, covers));
    this.#namespaces = new CoveredNamespaces(spec);
    this.#primary = new PrimaryLists(options, this.notes);
    this.#autoscaled = new Autoscaled(this.places);
    this.#guard = new PrimaryGuard({
      ...options,
      isOlderNow: (seen) => isOlderNow(options.primary, seen, this.#guardCall),
      primaryReplaced: () => options.startOver(anotherCluster(options.primary)),
      primaryNow: () => identifyAgain(options.primary, this.#guardCall),
    });
  }

  /** The last record is written after the run has ended, and the primary is asked before that which cluster it is. */
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

  get primaryCache(): PrimaryCache {
    if (!this.#primaryCache) throw new Error('the task was not begun');
    return this.#primaryCache;
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
    // Replicas may be listed in any order; only writes have one.
    const replicas = new ReplicaLists(this.#options, this.places, this.#replicas);
    const retired = replicas.followRetired([...scopes.values()].flat(), (kind) =>
      this.#primary.isSilentAbout(kind),
    );
    const listed = new Map([...scopes].map(([kind, lists]) => [kind, replicas.follow(lists)]));
    for (const wave of inWaves(this.#kinds, ({ name }) => name)) {
      await Promise.all(
        wave.map(async (kind) => {
          const lists = scopes.get(kind) ?? [];
          if (replicas.mayComeLater(this.#kinds)) {
            await listed.get(kind);
            await replicas.listWhatCame(kind, lists);
          }
          // Side by side: most objects are as they should be, and need not be kept until it is known what else there is.
          await Promise.all([listed.get(kind), ...lists.map((list) => this.#followPrimary(list))]);
        }),
      );
      // Nothing can be written without its namespace and its kind. For all else the order in which it is begun
      // is enough, and a slow replica must not hold up a quick one.
      if (wave.some(({ name }) => isGround(name))) await awaitIdle(this.#replicas, this.#options);
    }
    this.#primary.checkAny();
    await retired;
    await awaitIdle(this.#replicas, this.#options);
    this.#comparing = false;
    replicas.save();
    const [{ labels }, isCopied] = [this.#namespaces, copiedTo(this.#replicas)];
    this.notes.push(...notesOn(this.#options, { primaryCache: this.primaryCache, labels, isCopied }));
    for (const replica of this.#replicas) replica.compared();
    this.approve(this.#approval);
    await this.#needs?.check();
    if (this.#options.watch) this.#needs?.follow().catch(this.#options.broken);
    this.#options.changed();
  }

  /** How many objects are kept the same; 0 before it is known. */
  get objects(): number {
    return this.#primaryCache?.size ?? 0;
  }

  /** Objects that are not copied, by why. */
  get skipped(): ReadonlyMap<string, number> {
    return this.#primaryCache?.skipped ?? new Map();
  }

  /** What a replica lacks that copied workloads need, one line each. */
  lacks(replica: string): readonly string[] {
    return this.#needs?.lacks(replica) ?? [];
  }

  /** Tries again what failed, parked or not, but for what waits for an approval. Returns how much. */
  retry(replicas: readonly string[] | undefined, key: ObjectKey | undefined): number {
    return this.#replicas
      .filter(({ name }) => replicas === undefined || replicas.includes(name))
      .reduce((count, replica) => count + replica.retry((failed) => key === undefined || failed === key), 0);
  }

  /**
   * Resolves once no write of this task is under way any more, after its signal was aborted: whoever comes next is then
   * the only one that writes. No write takes longer than `WRITE_MS`.
   */
  async ended(): Promise<void> {
    await awaitWrites(this.#replicas, this.#options);
  }

  /** The state was written with this sequence. */
  stateWritten(sequence: number): void {
    this.#guard.written(sequence);
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
    this.#approval = approval;
    if (approval === '' || approval === this.#options.saved.approval) return;
    if (!this.#isOfNow(approval)) return;
    this.#options.info('approved: deletions go on');
    this.#guard.approve(approval);
    for (const replica of this.#replicas) replica.release();
    this.#options.changed();
  }

  /** Whether what waits is what the person saw. It can't be told before the first comparison is through. */
  #isOfNow(approval: string): boolean {
    if (digestIn(approval) === undefined) return true;
    if (this.#comparing) return false;
    const replicas = this.#replicas.map(({ name, deletions: { stopped }, toDelete }) => ({
      ...{ name, stopped, toDelete },
    }));
    if (namesWaiting(approval, replicas)) return true;
    this.#options.info('an approval was for other deletions than those that wait now: it is not heeded');
    return false;
  }

  async #prepare(): Promise<void> {
    const { primary, replicas, spec, saved, signal } = this.#options;
    const choice = await chooseKinds(primary, spec.rules, { signal });
    const { kinds } = choice;
    this.#kinds = kinds;
    this.notes.push(...choice.notes);
    this.#primary.takeSilent(choice);
    const { places } = this;
    const surroundings = { kinds, places, autoscaled: this.#autoscaled, labels: this.#namespaces.labels };
    const { shaping, primaryCache } = setUp(this.#options, surroundings);
    this.#primaryCache = primaryCache;
    this.#needs = new NeedsCheck({ ...this.#options, primaryCache, places });
    const parts = { primaryCache, places, shaping, guard: this.#guard };
    this.#replicas = replicas.map((cluster) => assembleReplica(cluster, this.#options, parts));
    this.setPaused(this.#paused);
    await Promise.all(replicas.map((cluster) => warnOfMissingKinds(cluster, kinds, this.#options)));
    if (kinds.some(({ name }) => /^(Deployment|StatefulSet|ReplicaSet)\.apps$/.test(name)))
      await this.#followAutoscalers();
    this.#guard.checkPrimary();
    this.#guard.checkRecord();
    saved.clusters = Object.fromEntries(replicas.map(({ name, id }) => [name, id]));
  }

  async #scopes(): Promise<ReadonlyMap<CopiedKind, readonly Listed[]>> {
    // Where namespaces may not be read, the error has to say so: hence they come first.
    const [ground, rest] = [true, false].map((is) => this.#kinds.filter(({ name }) => isGround(name) === is));
    const found = new Map<CopiedKind, Listed[]>();
    for (const kinds of [ground ?? [], rest ?? []])
      await Promise.all(kinds.map(async (kind) => found.set(kind, await this.#primary.scopes(kind))));
    return found;
  }

  #followPrimary(listed: Listed): Promise<void> {
    const handler = primaryHandler(listed, {
      primaryCache: this.primaryCache,
      guard: this.#guard,
      replicas: this.#replicas,
      take: (kind, object, list) => this.#take(kind, object, list),
      room: () => awaitRoom(this.#replicas, this.#options),
    });
    return this.#primary.follow(listed, handler);
  }

  /** Returns the key of what is to be compared. */
  #take(kind: CopiedKind, object: KubeObject, list?: string): ObjectKey | undefined {
    if (kind.name === 'Namespace') this.#noteNamespace(object);
    const taken = this.primaryCache.take(kind, object, list);
    checkRoom(`the primary ${this.#options.primary.name}`, this.primaryCache, this.#options);
    if (taken === 'unchanged') return undefined;
    const key = this.places.ofOriginal(kind.name, object);
    for (const replica of this.#replicas) replica.renewed(key);
    return taken === 'wanted' ? key : undefined;
  }

  /** Labels may decide which namespaces are covered: a namespace that becomes covered is listed as a whole. */
  #noteNamespace(object: KubeObject): void {
    if (!this.#namespaces.note(object) || this.#comparing) return;
    const { name } = object.metadata;
    void askUntilAnswered(this.#options.primary.kube, () => this.#rescan(name), this.#options);
  }

  async #rescan(namespace: string): Promise<void> {
    const { primary, signal } = this.#options;
    for (const kind of this.#kinds.filter(({ resource }) => resource.namespaced))
      await listPages(primary.kube, kind.resource, { namespace, signal }, (items) => {
        for (const object of items) this.#take(kind, object);
      });
  }

  async #followAutoscalers(): Promise<void> {
    const changed = (target: ObjectKey) => {
      if (!this.#comparing)
        void askUntilAnswered(
          this.#options.primary.kube,
          () => this.primaryCache.reread(target, this.#options.signal).then(() => this.#renew(target)),
          this.#options,
        );
    };
    try {
      const told = noteUnread(this.notes, this.#options);
      await followAutoscalers({ ...this.#options, told }, this.#autoscaled, changed);
    } catch (error) {
      this.#options.signal.throwIfAborted();
      this.notes.push(unreadAutoscalers(error));
    }
  }

  #renew(key: ObjectKey): void {
    for (const replica of this.#replicas) replica.renewed(key);
  }
}
