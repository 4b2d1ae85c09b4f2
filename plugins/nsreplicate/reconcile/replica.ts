/** One replica of a running task: knows what it has, and works off what differs. */
import type { Clock } from '../../../src/clock.ts';
import type { X8sError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import type { WatchEventType } from '../../../src/kube/watch.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import type { ReplicaCache } from '../cache/replica-cache.ts';
import type { Site } from '../clusters/cluster.ts';
import { failureOf, isAway, messageAbout } from '../clusters/failure.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import { Reachability } from '../clusters/reachability.ts';
import type { BrakeLimits, BrakeState } from '../decide/brake.ts';
import { explain } from '../decide/outcomes.ts';
import { Tally } from '../decide/tally.ts';
import { activeJobs } from '../jobs/active.ts';
import { type Behind, LagMeter } from '../jobs/lag.ts';
import type { Meters } from '../jobs/meters.ts';
import type { JobRecord, JobRecords, Standing } from '../jobs/records.ts';
import { afterFailure, type Failure, isParked, type RetryState } from '../jobs/retry.ts';
import { WorkQueue } from '../jobs/work-queue.ts';
import { isIn, listOf, type ObjectKey, type Places, placeOf } from '../objects/keys.ts';
import { liveDigest, type Shaping } from '../objects/wanted.ts';
import type { Assessor } from './assessor.ts';
import { Deletions } from './deletions.ts';
import { type Correction, Flapping, isFlapping } from './flapping.ts';
import { JobNotes } from './job-notes.ts';
import type { Reconciler, Result } from './reconciler.ts';

export interface ReplicaOptions {
  readonly site: Site;
  readonly task: string;
  readonly catalogue: PrimaryCache;
  readonly copies: ReplicaCache;
  readonly assessor: Assessor;
  readonly reconciler: Reconciler;
  readonly places: Places;
  readonly shaping: Shaping;
  readonly records: JobRecords;
  readonly workers: number;
  readonly brakeLimits: BrakeLimits;
  readonly brake: BrakeState;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Hears how far the task's record was when a copy of an earlier run was written. */
  readonly sawMarker: (marker: number) => void;
  /** Attempts after which a failure that may pass counts as one for good; unlimited where absent. */
  readonly mostAttempts?: number | undefined;
  readonly meters?: Meters | undefined;
  /** Something that is kept in the cluster changed. */
  readonly changed: () => void;
  readonly warn: (text: string) => void;
  /** A defect of this program. */
  readonly broken: (error: unknown) => void;
}

export class Replica {
  readonly name: string;
  readonly tally = new Tally();
  readonly #options: ReplicaOptions;
  readonly #queue: WorkQueue;
  readonly #lag = new LagMeter();
  readonly #retries = new Map<ObjectKey, RetryState>();
  readonly #fights = new Flapping();
  readonly #jobs: JobNotes;
  /** Lists of kinds that are complete. */
  readonly #synced = new Set<string>();
  readonly #listed = new Map<string, Set<ObjectKey>>();
  /** Left on purpose, and why. */
  readonly left = new Map<ObjectKey, string>();
  /** Lists that can't be had, and why. */
  readonly #unlisted = new Map<string, X8sError>();
  readonly deletions: Deletions;
  readonly #reach: Reachability;
  #paused = false;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.name = options.site.name;
    this.#jobs = new JobNotes(this.name, options);
    const { workers, clock, signal, broken, copies, warn, changed } = options;
    const { brakeLimits: limits, brake: state } = options;
    this.deletions = new Deletions({ replica: this.name, copies, limits, state, clock, warn, changed });
    this.#reach = new Reachability({ kube: options.site.kube, clock, signal, changed: () => this.#turned() });
    this.#queue = new WorkQueue({ workers, clock, signal, work: (key) => this.#work(key), failed: broken });
  }

  /** Why the replica is not reachable; undefined while it is. */
  get away(): X8sError | undefined {
    return this.#reach.away;
  }

  behind(): Behind {
    return this.#lag.behind(this.#options.clock.monotonic());
  }

  /** Objects of the primary that it is not known of what the replica has, since it does not say. */
  get uncompared(): number {
    if (!this.away && this.#unlisted.size === 0) return 0;
    return [...this.#options.catalogue.keys()].filter((key) => !this.#isSynced(key)).length;
  }

  /** Failures that wait to be tried again, and those that are parked. */
  get failures(): ReadonlyMap<ObjectKey, RetryState> {
    return this.#retries;
  }

  get parked(): number {
    return [...this.#retries.values()].filter(isParked).length;
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
    const { clock } = this.#options;
    const record = (key: ObjectKey, standing: Standing) => this.#jobs.standing(key, standing);
    const [since, running, retries] = [this.#lag.since, this.running, this.#retries];
    return activeJobs({ since, running, retries, clock, record }, share);
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

  /** Holds all work, or goes on. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#flow();
  }

  /** What a feed of the replica's own objects tells. */
  page(
    kind: CopiedKind,
    namespace: string | undefined,
    items: readonly KubeObject[],
    first: boolean,
    whole: boolean,
  ): void {
    const { places, copies } = this.#options;
    const list = listOf(kind.name, namespace);
    if (first) this.#listed.set(list, new Set());
    for (const object of items) {
      const key = places.ofCopy(kind.name, object);
      if (key === undefined || !this.#concerns(key, object)) continue;
      this.#listed.get(list)?.add(key);
      if (whole) this.#seeFirst(kind, key, object);
      else copies.found(key, object);
    }
  }

  /** As it was before this run. */
  #seeFirst(kind: CopiedKind, key: ObjectKey, object: KubeObject): void {
    const { copies, shaping, sawMarker } = this.#options;
    const { stamp } = copies.set(key, object, this.#liveOf(kind, key, object));
    if (copies.isOurs(key) && stamp?.origin.cluster === shaping.primary) sawMarker(stamp.marker);
  }

  /** A list of a kind is complete: what it did not hold is gone, and all of the kind is compared. */
  synced(kind: CopiedKind, namespace: string | undefined): void {
    const { copies, catalogue } = this.#options;
    const list = listOf(kind.name, namespace);
    const listed = this.#listed.get(list) ?? new Set();
    this.#listed.delete(list);
    const inList = isIn(kind.name, namespace);
    for (const key of [...copies.keys()]) if (inList(key) && !listed.has(key)) copies.missed(key);
    this.#synced.add(list);
    for (const key of catalogue.keys()) if (inList(key)) this.consider(key);
    for (const key of copies.keys()) if (inList(key)) this.consider(key);
  }

  event(kind: CopiedKind, type: WatchEventType, object: KubeObject): void {
    const { places, copies } = this.#options;
    const key = places.ofCopy(kind.name, object);
    if (key === undefined || !this.#concerns(key, object)) return;
    if (type === 'DELETED') {
      if (copies.get(key)?.uid !== object.metadata.uid) return;
      copies.delete(key);
      if (this.#isPruned(key)) this.#forget(key);
    } else if (!copies.see(key, object) && !this.#carriesStatus(key)) return;
    if (kind.name === 'Namespace') this.#retryAll(({ reason }) => reason.startsWith('namespace-'));
    this.consider(key);
  }

  /** Something about an object changed, here or on the primary: works on it, if there is anything to do. */
  consider(key: ObjectKey): void {
    const { catalogue, copies, clock, reconciler } = this.#options;
    if (!this.#isSynced(key)) {
      catalogue.release(key, this.name);
      return;
    }
    if (catalogue.original(key) === undefined) {
      // What is missing on the primary is known only after a complete list of it.
      if (!catalogue.isComplete(key)) return;
      if (!copies.isOurs(key)) {
        this.#forget(key);
        if (copies.get(key)?.isStranger) this.left.set(key, explain('stranger'));
        return;
      }
    }
    // While nothing is begun, what is as it should be must not look as if it waited.
    if (!this.isHeld || reconciler.differs(key)) this.#lag.seen(key, clock.monotonic());
    this.#queue.add(key);
  }

  /** A list of a kind on the primary is complete: looks at what has no original any more, failures included. */
  sweep(kind: CopiedKind, namespace: string | undefined, gone: readonly ObjectKey[]): void {
    const { catalogue, copies } = this.#options;
    const inList = isIn(kind.name, namespace);
    this.deletions.check(this.#orphans().filter(inList));
    for (const key of copies.keys()) if (inList(key) && !catalogue.original(key)) this.consider(key);
    for (const key of gone) if (!copies.isOurs(key)) this.#forget(key);
  }

  /** The first comparison is through: an approval from before covers what it found, and no more. */
  compared(): void {
    this.deletions.limitAllowance(this.#going);
  }

  /** Copies that would be deleted, if their originals are really gone; those on their way out were counted then. */
  #orphans(): ObjectKey[] {
    const { copies, assessor } = this.#options;
    return [...copies.keys()].filter((key) => copies.stays(key) && assessor.assess(key).outcome === 'delete');
  }

  /** How many of them were not looked at and left: what is approved beyond these would cover deletions yet to come. */
  get #going(): number {
    return this.deletions.countOf(this.#orphans().filter((key) => !this.left.has(key)));
  }

  /** Whether it has copies that the task covers no more. */
  hasRetired(test: (key: ObjectKey) => boolean): boolean {
    const { copies } = this.#options;
    return [...copies.keys()].some((key) => test(key) && copies.isOurs(key) && !copies.isInScope(key));
  }

  /** The object is another one now: what failed with the old one may work with it. */
  renewed(key: ObjectKey): void {
    this.#retries.delete(key);
    this.consider(key);
  }

  /** Tries again what failed, parked or not, where the test says so. Returns how much. */
  retry(test: (key: ObjectKey) => boolean): number {
    const keys = [...this.#retries.keys()].filter(test);
    for (const key of keys) this.renewed(key);
    return keys.length;
  }

  /** A person approved the deletions that are wanted now. */
  release(): void {
    this.deletions.release(this.#going);
    this.retry((key) => this.#retries.get(key)?.failure.reason === 'brake');
  }

  connected(kind: CopiedKind, namespace: string | undefined): void {
    if (this.#unlisted.delete(listOf(kind.name, namespace))) this.#options.changed();
    this.#reach.found();
  }

  /** A list can't be had or watched just now. */
  disconnected(kind: CopiedKind, namespace: string | undefined, error: X8sError): void {
    if (isAway(error)) this.#reach.lost(error);
    else this.#unlisted.set(listOf(kind.name, namespace), error);
    this.#options.changed();
  }

  async #work(key: ObjectKey): Promise<void> {
    const { reconciler, catalogue, signal, changed } = this.#options;
    if (isFlapping(this.#retries.get(key)?.failure) && !this.#isPruned(key)) {
      this.#lag.forget(key);
      return;
    }
    const started = this.#options.clock.now();
    this.#lag.begun(key);
    try {
      const result = await reconciler.reconcile(key);
      this.#succeed(key, result, started);
    } catch (error) {
      if (signal.aborted) return;
      if (isAway(error)) this.#reach.lost(error as X8sError);
      this.#fail(key, failureOf(error), started);
    }
    const retry = this.#retries.get(key);
    if (!retry || isParked(retry)) catalogue.release(key, this.name);
    changed();
  }

  #succeed(key: ObjectKey, result: Result, started: Date): void {
    const { clock, meters } = this.#options;
    const failedBefore = this.#retries.get(key);
    this.#retries.delete(key);
    const quiet = ['unchanged', 'left', 'gone'].includes(result.did);
    const lagMs = this.#lag.done(key, clock.monotonic(), !quiet);
    meters?.done(this.name, placeOf(key).kind, result.did, started, lagMs);
    this.tally.count(key, result.did);
    if (result.did === 'left') this.left.set(key, result.why);
    else this.left.delete(key);
    if (placeOf(key).kind === 'Namespace') this.#retryAll(({ reason }) => reason.startsWith('namespace-'));
    if (!quiet || failedBefore) this.#jobs.done(key, started, (failedBefore?.attempts ?? 0) + 1, result.did);
    if (result.did === 'put-right' || result.did === 'created') this.#noteCorrection(key, result.did);
  }

  #fail(key: ObjectKey, failure: Failure, started: Date): void {
    const { clock, mostAttempts, meters } = this.#options;
    meters?.failed(this.name, placeOf(key).kind, failure.reason);
    const state = afterFailure(this.#retries.get(key), failure);
    const givenUp = mostAttempts !== undefined && state.attempts >= mostAttempts;
    const final = givenUp ? { ...state, retryInMs: undefined } : state;
    this.#retries.set(key, final);
    if (final.retryInMs === undefined) this.#lag.forget(key);
    else {
      this.#lag.failed(key, clock.monotonic());
      this.#queue.addAfter(key, final.retryInMs);
    }
    const message = messageAbout(placeOf(key).kind, failure);
    const { attempts } = state;
    const { reason } = failure;
    this.#jobs.failed(key, started, { attempts, reason, message, parked: isParked(final) });
  }

  #noteCorrection(key: ObjectKey, did: Correction): void {
    const { clock, catalogue } = this.#options;
    const { uid = '' } = catalogue.original(key) ?? {};
    const failure = this.#fights.corrected(key, uid, did, clock.monotonic());
    if (failure) this.#fail(key, failure, clock.now());
  }

  /** Nothing is to be done about it any more. */
  #forget(key: ObjectKey): void {
    this.#retries.delete(key);
    this.#lag.forget(key);
    this.#fights.forget(key);
    this.left.delete(key);
    this.#jobs.forget(key);
  }

  #isSynced(key: ObjectKey): boolean {
    const { kind, namespace } = placeOf(key);
    return this.#synced.has(listOf(kind, undefined)) || this.#synced.has(listOf(kind, namespace));
  }

  #isPruned(key: ObjectKey): boolean {
    return this.#options.catalogue.original(key) === undefined;
  }

  #retryAll(test: (failure: Failure) => boolean): void {
    for (const [key, { failure }] of this.#retries) if (test(failure)) this.#queue.add(key);
  }

  /** Of all that a replica has, only what the task covers and what bears its stamp is of interest. */
  #concerns(key: ObjectKey, { metadata }: KubeObject): boolean {
    const { catalogue, copies, task } = this.#options;
    const stamped = metadata.labels?.['x8s.dev/replica-of'] === task;
    return stamped || copies.get(key) !== undefined || catalogue.coversPlace(key);
  }

  #liveOf(kind: CopiedKind, key: ObjectKey, object: KubeObject): string | undefined {
    const { catalogue, shaping } = this.#options;
    const rule = catalogue.original(key)?.rule ?? catalogue.ruleOnReplica(key, object.metadata.labels);
    return rule && kind ? liveDigest(object, rule, shaping) : undefined;
  }

  /** A change of the status alone is none to most rules. */
  #carriesStatus(key: ObjectKey): boolean {
    const { carry } = this.#options.catalogue.original(key)?.rule ?? {};
    return carry !== undefined && (carry.what === 'status' || carry.status);
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
