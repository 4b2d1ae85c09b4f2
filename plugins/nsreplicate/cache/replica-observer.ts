/** Brings what lists and watches of one replica tell into its cache. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { WatchEventType } from '../../../src/kube/watch/watch.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import { carriesStatus } from '../objects/carry.ts';
import { liveDigest, type Shaping } from '../objects/copy.ts';
import { isIn, listOf, type ObjectKey, type Places } from '../objects/keys.ts';
import { ProvenanceKey } from '../objects/provenance.ts';
import type { ComingLists } from './coming-lists.ts';
import { ListProgress } from './list-progress.ts';
import type { PrimaryCache } from './primary-cache.ts';
import type { ReplicaCache } from './replica-cache.ts';

export interface ReplicaObserverOptions {
  readonly primaryCache: PrimaryCache;
  readonly replicaCache: ReplicaCache;
  readonly places: Places;
  readonly shaping: Shaping;
  readonly coming: ComingLists;
  /** Hears the state sequence of each copy of an earlier run. */
  readonly sawSequence: (sequence: number) => void;
}

export class ReplicaObserver {
  readonly #options: ReplicaObserverOptions;
  readonly #lists = new ListProgress();

  constructor(options: ReplicaObserverOptions) {
    this.#options = options;
  }

  /** Whether it is known what the replica has of an object, by a complete list. */
  covers(key: ObjectKey): boolean {
    return this.#lists.covers(key);
  }

  /**
   * A page of a list. `first`: a new list begins; `whole`: with contents, as in the first list of a run.
   * Returns what can be compared before the list is complete.
   */
  page(
    kind: string,
    namespace: string | undefined,
    items: readonly KubeObject[],
    first: boolean,
    whole: boolean,
  ): ObjectKey[] {
    const { places, primaryCache, replicaCache, coming } = this.#options;
    const list = listOf(kind, namespace);
    const isComing = coming.isComing(list);
    const comparable: ObjectKey[] = [];
    if (first) this.#lists.begin(list);
    if (first && isComing) coming.begin(list);
    for (const object of items) {
      const key = places.ofCopy(kind, object);
      if (key === undefined || !this.#concerns(key, object)) continue;
      this.#lists.add(list, key);
      if (whole) this.#seeFirst(key, object);
      else replicaCache.found(key, object);
      if (isComing && primaryCache.original(key)) comparable.push(key);
    }
    return comparable;
  }

  /**
   * A list is complete: what it did not hold is gone. Returns all of that list that either side has, but for what was seen
   * to be as it should be while the list came.
   */
  synced(kind: string, namespace: string | undefined): ReadonlySet<ObjectKey> {
    const { replicaCache, primaryCache, coming } = this.#options;
    const list = listOf(kind, namespace);
    const listed = this.#lists.complete(list);
    const inList = isIn(kind, namespace);
    for (const key of [...replicaCache.keys()]) if (inList(key) && !listed.has(key)) replicaCache.missed(key);
    const settled = coming.end(list);
    const isOpen = (key: ObjectKey) => inList(key) && !settled.has(key);
    return new Set([...primaryCache.keys(), ...replicaCache.keys()].filter(isOpen));
  }

  /** An object was made, changed or deleted. Returns its key where that is news. */
  event({ name: kind }: CopiedKind, type: WatchEventType, object: KubeObject): ObjectKey | undefined {
    const { places, replicaCache } = this.#options;
    const key = places.ofCopy(kind, object);
    if (key === undefined || !this.#concerns(key, object)) return undefined;
    if (type !== 'DELETED')
      return replicaCache.see(key, object) || this.#carriesStatus(key) ? key : undefined;
    if (replicaCache.get(key)?.uid !== object.metadata.uid) return undefined;
    replicaCache.delete(key);
    return key;
  }

  /** As it was before this run. */
  #seeFirst(key: ObjectKey, object: KubeObject): void {
    const { replicaCache, shaping, sawSequence } = this.#options;
    const { provenance } = replicaCache.set(key, object, this.#liveOf(key, object));
    if (replicaCache.isOurs(key) && provenance?.origin.cluster === shaping.primary)
      sawSequence(provenance.sequence);
  }

  /** Of all that a replica has, only what the task covers and what bears its provenance is of interest. */
  #concerns(key: ObjectKey, { metadata }: KubeObject): boolean {
    const { primaryCache, replicaCache, shaping } = this.#options;
    const isMarked = metadata.labels?.[ProvenanceKey.task] === shaping.task;
    return isMarked || replicaCache.get(key) !== undefined || primaryCache.coverage.covers(key);
  }

  #liveOf(key: ObjectKey, object: KubeObject): string | undefined {
    const { primaryCache, shaping } = this.#options;
    const { labels } = object.metadata;
    const rule = primaryCache.original(key)?.rule ?? primaryCache.coverage.ruleOnReplica(key, labels);
    return rule && liveDigest(object, rule, shaping);
  }

  /** Most rules don't carry the status, so a change of the status alone is no change to them. */
  #carriesStatus(key: ObjectKey): boolean {
    const { carry } = this.#options.primaryCache.original(key)?.rule ?? {};
    return carry !== undefined && carriesStatus(carry);
  }
}
