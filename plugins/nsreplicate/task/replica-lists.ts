/** Lists and follows what replicas have of the kinds of a task. */
import { backOff } from '../../../src/async/back-off.ts';
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import { apiVersionOf, type DiscoveredResource } from '../../../src/kube/api/resources.ts';
import { discover } from '../../../src/kube/cluster/discovery.ts';
import type { InformerHandler } from '../cache/informers.ts';
import { type Covered, coveredBy, coveredStill, type RetiredList, retiredSince } from '../cache/retired.ts';
import type { Cluster } from '../clusters/cluster.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import { groupKind } from '../objects/draft.ts';
import {
  formerPlace,
  isFormerPlace,
  isIn,
  listOf,
  type ObjectKey,
  type Places,
  placeOf,
} from '../objects/keys.ts';
import { definitions } from '../objects/order.ts';
import type { Replica } from '../reconcile/replica.ts';
import { type Listed, replicaHandler } from './handlers.ts';
import { checkRoom } from './set-up.ts';
import type { TaskOptions } from './task-options.ts';

/** Lists of what is covered now, in a former place; what is listed in the whole cluster is looked at in any case. */
const formerLists = (now: readonly Listed[], there: string): RetiredList[] =>
  [...new Set(now.filter(({ namespace }) => namespace !== undefined).map(({ kind: { name } }) => name))].map(
    (kind) => ({ kind, namespace: formerPlace(there) }),
  );

const isFormerList = ({ namespace = '' }: RetiredList): boolean => isFormerPlace(namespace);

/** Whether an object is in a namespace, or is that namespace. */
const isAt = (place: string) => (key: ObjectKey) => {
  const { kind, namespace, name } = placeOf(key);
  return namespace === place || (kind === 'Namespace' && name === place);
};

interface ListedReplica {
  readonly replica: Replica;
  readonly cluster: Cluster;
}

export class ReplicaLists {
  readonly #options: TaskOptions;
  readonly #places: Places;
  #covered: Covered = {};
  /** Lists of earlier runs, and the replicas on which they have not been seen. */
  readonly #retired = new Map<RetiredList, Set<Replica>>();
  readonly #replicas: readonly ListedReplica[];

  /** @param replicas in the order of the options' clusters */
  constructor(options: TaskOptions, places: Places, replicas: readonly Replica[]) {
    this.#options = options;
    this.#places = places;
    this.#replicas = replicas.map((replica, index) => ({
      replica,
      cluster: options.replicas[index] as Cluster,
    }));
  }

  /** Resolves when every replica's lists are complete, or it is known that they will not be for now. */
  async follow(lists: readonly Listed[]): Promise<void> {
    await Promise.all(
      this.#replicas.flatMap(({ replica, cluster }) =>
        lists.map((listed) => this.#one(replica, cluster, listed)),
      ),
    );
  }

  /** Whether kinds may come to be served while the task compares. A watch asks again by itself. */
  mayComeLater(kinds: readonly CopiedKind[]): boolean {
    return !this.#options.watch && kinds.some(({ name }) => name === definitions);
  }

  /**
   * A kind whose definition an earlier wave has brought was not there when it was first asked for, and is served a
   * moment after it came.
   */
  async listWhatCame(kind: CopiedKind, lists: readonly Listed[]): Promise<void> {
    const { clock, signal } = this.#options;
    for (let attempt = 0; attempt < 6; attempt++) {
      const lacking = this.#replicas.filter(({ replica }) => isNotFound(replica.unlisted.get(kind.name)));
      if (lacking.length === 0) return;
      await clock.sleep(backOff(attempt, { firstMs: 250, mostMs: 2000 }), signal);
      await Promise.all(
        lacking.flatMap(({ replica, cluster }) => lists.map((listed) => this.#one(replica, cluster, listed))),
      );
    }
  }

  /**
   * Follows what earlier runs covered and this one does not. That it can't be read is no fault: whoever dropped it may
   * have dropped the rights to it, or the kind itself.
   * @param now all that is covered
   * @param isAsleep whether a kind is only lacking for now
   */
  async followRetired(now: readonly Listed[], isAsleep: (kind: string) => boolean): Promise<void> {
    this.#covered = coveredBy(now.map(({ kind: { name }, namespace }) => ({ kind: name, namespace })));
    const retired = [
      ...retiredSince(this.#options.saved.covered, this.#covered),
      ...this.#places.former.flatMap((there) => formerLists(now, there)),
    ];
    for (const list of retired)
      this.#retired.set(list, new Set(this.#replicas.map(({ replica }) => replica)));
    const lists = retired.filter(({ kind }) => !isAsleep(kind));
    if (lists.length > 0) await Promise.all(this.#replicas.map((replica) => this.#followAll(replica, lists)));
  }

  /** Notes for the next run where copies are, and may be left. */
  save(): void {
    const { saved, spec } = this.#options;
    saved.covered = this.#stillCovered;
    saved.map = Object.fromEntries(spec.map);
    saved.former = this.#stillFormer;
  }

  /** What is covered, and what was and has left copies, as far as is known. */
  get #stillCovered(): Covered {
    const remaining = [...this.#retired.keys()].filter(
      (list) => !isFormerList(list) && this.#mayHaveLeft(list, isIn(list.kind, list.namespace)),
    );
    return coveredStill(this.#covered, remaining);
  }

  /** Namespaces of the replicas that none of the primary leads to any more, and that have copies as far as is known. */
  get #stillFormer(): string[] {
    const lists = [...this.#retired.keys()];
    return this.#places.former.filter((there) => {
      const place = formerPlace(there);
      const isUnseen = lists.some((list) => list.namespace === place && this.#isUnseen(list));
      const isThere = this.#replicas.some(({ replica }) => replica.away || replica.hasRetired(isAt(place)));
      return isUnseen || isThere;
    });
  }

  #isUnseen(list: RetiredList): boolean {
    return (this.#retired.get(list)?.size ?? 0) > 0;
  }

  #mayHaveLeft(list: RetiredList, test: (key: ObjectKey) => boolean): boolean {
    return this.#isUnseen(list) || this.#replicas.some(({ replica }) => replica.hasRetired(test));
  }

  async #followAll({ replica, cluster }: ListedReplica, lists: readonly RetiredList[]): Promise<void> {
    // A replica that does not say what it serves is looked at in the next run.
    const found = await discover(cluster.kube, { signal: this.#options.signal }).catch(() => undefined);
    if (found)
      await Promise.all(lists.map((list) => this.#followRetired(replica, cluster, list, found.resources)));
  }

  async #followRetired(
    replica: Replica,
    cluster: Cluster,
    list: RetiredList,
    resources: readonly DiscoveredResource[],
  ): Promise<void> {
    const isKind = (one: DiscoveredResource) =>
      groupKind({ apiVersion: apiVersionOf(one), kind: one.kind }) === list.kind;
    const resource = resources.find((one) => one.preferred && isKind(one));
    const seen = () => this.#retired.get(list)?.delete(replica);
    if (!resource) {
      seen();
      return;
    }
    const listed = { kind: { name: list.kind, resource, rules: [] }, namespace: list.namespace };
    const { page, synced, event } = this.#handler(replica, listed, () => undefined);
    const failed = Promise.withResolvers<void>();
    const handler: InformerHandler = {
      page,
      event,
      synced: (version) => {
        seen();
        synced(version);
      },
      disconnected: () => failed.resolve(),
    };
    await Promise.race([this.#follow(cluster, listed, handler).catch(() => undefined), failed.promise]);
  }

  /** As `replicaHandler`, as long as there is room for what the replica shows. */
  #handler(replica: Replica, listed: Listed, failed: () => void): InformerHandler {
    const handler = replicaHandler(replica, listed, failed);
    const check = () => checkRoom(`the replica ${replica.name}`, replica, this.#options);
    return {
      ...handler,
      page: async (...shown) => {
        await handler.page(...shown);
        check();
      },
      event: (...told) => {
        handler.event(...told);
        check();
      },
    };
  }

  async #one(replica: Replica, cluster: Cluster, listed: Listed): Promise<void> {
    const list = listOf(listed.kind.name, listed.namespace);
    const failed = Promise.withResolvers<void>();
    const handler = this.#handler(replica, listed, failed.resolve);
    replica.coming.begin(list);
    // The handler was told why it can't be listed.
    const followed = this.#follow(cluster, listed, handler).catch(() => undefined);
    await Promise.race([followed, failed.promise]);
    replica.coming.end(list);
  }

  #follow(
    { kube }: Cluster,
    { kind: { resource }, namespace }: Listed,
    handler: InformerHandler,
  ): Promise<void> {
    const { informers, watch, signal } = this.#options;
    const there = namespace && this.#places.namespaceOnReplica(namespace);
    return informers.follow({ kube, resource, namespace: there, metadataOnly: true, watch }, handler, signal);
  }
}
