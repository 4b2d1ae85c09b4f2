/** One replica of a running task: knows what it has, and works off what differs. */
import type { X8sError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { WatchEventType } from '../../../src/kube/watch/watch.ts';
import { ComingLists } from '../cache/coming-lists.ts';
import { ReplicaObserver } from '../cache/replica-observer.ts';
import { failureOf, isAway } from '../clusters/failure.ts';
import { type CopiedKind, isDispensable } from '../clusters/kinds.ts';
import { Reachability } from '../clusters/reachability.ts';
import { explain } from '../decide/outcomes.ts';
import type { ResultCounts } from '../decide/result-counts.ts';
import type { Behind } from '../jobs/lag.ts';
import type { JobRecord } from '../jobs/records.ts';
import type { Failure, RetryState } from '../jobs/retry.ts';
import { waitsForApproval } from '../jobs/waits-for.ts';
import { WorkQueue } from '../jobs/work-queue.ts';
import { isIn, listOf, type ObjectKey, placeOf } from '../objects/keys.ts';
import { Attempts } from './attempts.ts';
import type { Deletions } from './deletions.ts';
import { Orphans } from './orphans.ts';
import type { ReplicaOptions } from './replica-options.ts';

export class Replica {
  readonly name: string;
  readonly #options: ReplicaOptions;
  readonly #queue: WorkQueue;
  readonly #attempts: Attempts;
  readonly #observer: ReplicaObserver;
  /** Lists that can't be had, and why. */
  readonly #unlisted = new Map<string, X8sError>();
  readonly deletions: Deletions;
  readonly coming = new ComingLists();
  readonly #orphans: Orphans;
  readonly #reach: Reachability;
  #paused = false;
  #isCompared = false;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.name = options.cluster.name;
    const { clock, signal, spec, broken, deletions } = options;
    const { workers } = spec;
    const sawSequence = (sequence: number) => options.primaryCheck.sawSequence(sequence);
    this.#observer = new ReplicaObserver({ ...options, coming: this.coming, sawSequence });
    this.deletions = deletions;
    this.#orphans = new Orphans(options);
    const tryAgain = (key: ObjectKey, afterMs: number) => this.#queue.addAfter(key, afterMs);
    this.#attempts = new Attempts({ ...options, replica: this.name, tryAgain });
    this.#reach = new Reachability({
      kube: options.cluster.kube,
      clock,
      signal,
      changed: () => this.#turned(),
    });
    this.#queue = new WorkQueue({ workers, clock, signal, work: (key) => this.#work(key), failed: broken });
  }

  /** Why the replica is not reachable; undefined while it is. */
  get away(): X8sError | undefined {
    return this.#reach.away;
  }

  behind(): Behind {
    return this.#attempts.lag.behind(this.#options.clock.monotonic());
  }

  /** How many objects of the primary are not compared, since the replica can't be listed. */
  get uncompared(): number {
    if (!this.away && this.#unlisted.size === 0) return 0;
    return [...this.#options.primaryCache.keys()].filter((key) => !this.#observer.covers(key)).length;
  }

  get results(): ResultCounts {
    return this.#attempts.results;
  }

  /** Objects that are left on purpose, and why. */
  get left(): ReadonlyMap<ObjectKey, string> {
    return this.#attempts.left;
  }

  /** Failures that wait to be tried again, and those that are parked. */
  get failures(): ReadonlyMap<ObjectKey, RetryState> {
    return this.#attempts.failures;
  }

  get parked(): number {
    return this.#attempts.parked;
  }

  /** Of those that are parked, how many wait for an approval. */
  get unapproved(): number {
    return this.#attempts.unapproved;
  }

  /** Kinds that can't be listed, here or there, and why. */
  get unlisted(): ReadonlyMap<string, X8sError> {
    return new Map([...this.#unlisted].map(([list, error]) => [list.slice(0, list.indexOf('|')), error]));
  }

  /** What is being worked on; nothing any more once the run is over. */
  get running(): ReadonlySet<ObjectKey> {
    return this.#options.signal.aborted ? new Set() : this.#queue.working;
  }

  /** Jobs under way and waiting ones, the oldest first; `share` of all that can be shown of a task. */
  active(share: number): JobRecord[] {
    return this.#attempts.active(this.running, share);
  }

  /** Work that is due or under way. */
  get busy(): number {
    return this.#queue.size;
  }

  /** Failures that will be tried again by themselves. */
  get delayed(): number {
    return this.#queue.delayed;
  }

  /** Whether nothing is begun now: it is paused, or the replica does not answer. */
  get isHeld(): boolean {
    return this.#paused || this.away !== undefined;
  }

  /** Resolves once nothing is worked on. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** Pauses all work, or goes on with it. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#flow();
  }

  /** A page of a list of the replica's own objects. */
  page(
    kind: CopiedKind,
    namespace: string | undefined,
    items: readonly KubeObject[],
    first: boolean,
    whole: boolean,
  ): void {
    for (const key of this.#observer.page(kind.name, namespace, items, first, whole)) this.consider(key);
  }

  /** How many objects of it take room here. */
  get known(): number {
    return this.#options.replicaCache.size;
  }

  /** A list of a kind is complete: all of the kind is compared. */
  synced(kind: CopiedKind, namespace: string | undefined): void {
    for (const key of this.#observer.synced(kind.name, namespace)) this.consider(key);
  }

  event(kind: CopiedKind, type: WatchEventType, object: KubeObject): void {
    const key = this.#observer.event(kind, type, object);
    if (key === undefined) return;
    if (type === 'DELETED') this.deletions.lapse(key);
    if (type === 'DELETED' && this.#isPruned(key)) this.#attempts.forget(key);
    if (kind.name === 'Namespace') this.#retryAll(({ reason }) => reason.startsWith('namespace-'));
    this.consider(key);
  }

  /** Something about an object changed, here or on the primary: works on it, if there is anything to do. */
  consider(key: ObjectKey): void {
    const { primaryCache, replicaCache, clock, reconciler } = this.#options;
    if (primaryCache.original(key) !== undefined) this.deletions.lapse(key);
    if (!this.#observer.covers(key)) {
      if (!this.coming.isAbout(key)) primaryCache.release(key, this.name);
      else if (replicaCache.get(key) && primaryCache.original(key)) this.#queue.add(key);
      return;
    }
    if (primaryCache.original(key) === undefined) {
      // What is missing on the primary is known only after a complete list of it.
      if (!primaryCache.isComplete(key)) return;
      if (!replicaCache.isOurs(key)) {
        this.#attempts.forget(key);
        if (replicaCache.get(key)?.isCopiedCopy) this.#attempts.left.set(key, explain('copied-copy'));
        return;
      }
    }
    // While nothing is begun, an object that is as it should be must not be counted as waiting.
    if (!this.isHeld || reconciler.differs(key)) this.#attempts.lag.seen(key, clock.monotonic());
    this.#queue.add(key);
  }

  /** A list of a kind on the primary is complete: looks at what has no original any more, failures included. */
  sweep(kind: CopiedKind, namespace: string | undefined, gone: readonly ObjectKey[]): void {
    const { primaryCache, replicaCache } = this.#options;
    const inList = isIn(kind.name, namespace);
    this.deletions.check(this.#orphans.wanted().filter(inList));
    for (const key of replicaCache.keys()) if (inList(key) && !primaryCache.original(key)) this.consider(key);
    for (const key of gone) if (!replicaCache.isOurs(key)) this.#attempts.forget(key);
  }

  /** The first comparison is complete: an earlier approval covers none but the deletions that it found. */
  compared(): void {
    this.deletions.found(this.toDelete);
    this.#isCompared = true;
  }

  /** Copies that would be deleted, but for those that were looked at and left. */
  get toDelete(): ObjectKey[] {
    return this.#orphans.wanted().filter((key) => !this.left.has(key));
  }

  /** Whether it has copies that the task covers no more. */
  hasRetired(test: (key: ObjectKey) => boolean): boolean {
    return this.#orphans.hasRetired(test);
  }

  /** The object is another one now: what failed with the old one may work with it. */
  renewed(key: ObjectKey): void {
    this.#attempts.renewed(key);
    this.consider(key);
  }

  /** Tries again what failed, parked or not, where the test says so and no approval is waited for. Returns how much. */
  retry(test: (key: ObjectKey) => boolean): number {
    return this.#tryAgain((key, reason) => !waitsForApproval(reason) && test(key));
  }

  /** A person approved the deletions that wait, and the primary as it is. */
  release(): void {
    this.deletions.release(this.#isCompared ? this.toDelete : undefined);
    this.#tryAgain((_, reason) => waitsForApproval(reason));
  }

  #tryAgain(test: (key: ObjectKey, reason: string) => boolean): number {
    const keys = [...this.failures]
      .filter(([key, { failure }]) => test(key, failure.reason))
      .map(([key]) => key);
    for (const key of keys) this.renewed(key);
    return keys.length;
  }

  connected(kind: CopiedKind, namespace: string | undefined): void {
    this.#options.replicaCache.doWithout(kind.name, false);
    if (this.#unlisted.delete(listOf(kind.name, namespace))) this.#options.changed();
    this.#reach.found();
  }

  /** A list can't be had or watched just now. */
  disconnected(kind: CopiedKind, namespace: string | undefined, error: X8sError): void {
    const { replicaCache, spec } = this.#options;
    if (isAway(error)) this.#reach.lost(error);
    else if (isDispensable(kind, error, spec)) {
      replicaCache.doWithout(kind.name, true);
      this.synced(kind, namespace);
    } else this.#unlisted.set(listOf(kind.name, namespace), error);
    this.#options.changed();
  }

  async #work(key: ObjectKey): Promise<void> {
    const { reconciler, primaryCache, signal, changed } = this.#options;
    if (this.#attempts.isFlapping(key) && !this.#isPruned(key)) {
      this.#attempts.lag.forget(key);
      return;
    }
    if (!this.#observer.covers(key) && !this.#settles(key)) return;
    const started = this.#options.clock.now();
    this.#attempts.lag.begun(key);
    try {
      const result = await reconciler.reconcile(key);
      this.#attempts.succeeded(key, result, started);
      if (placeOf(key).kind === 'Namespace') this.#retryAll(({ reason }) => reason.startsWith('namespace-'));
    } catch (error) {
      if (signal.aborted) return;
      if (isAway(error)) this.#reach.lost(error as X8sError);
      this.#attempts.failed(key, failureOf(error), started);
    }
    if (this.#attempts.isAtRest(key)) primaryCache.release(key, this.name);
    changed();
  }

  /** While its list is on its way, an object is looked at only where it is as it should be; all else follows the list. */
  #settles(key: ObjectKey): boolean {
    const isSettled = this.#options.reconciler.isSettled(key);
    this.coming.settle(key, isSettled);
    return isSettled;
  }

  #isPruned(key: ObjectKey): boolean {
    return this.#options.primaryCache.original(key) === undefined;
  }

  #retryAll(test: (failure: Failure) => boolean): void {
    for (const [key, { failure }] of this.failures) if (test(failure)) this.#queue.add(key);
  }

  /** While the replica does not answer, nothing is begun. */
  #turned(): void {
    this.#flow();
    if (!this.away) this.#retryAll(({ reason }) => reason === 'unreachable');
    this.#options.changed();
  }

  #flow(): void {
    if (this.isHeld) this.#queue.pause();
    else this.#queue.resume();
  }
}
