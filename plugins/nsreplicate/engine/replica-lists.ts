/** Lists and follows what replicas have of the kinds of a task. */
import { isNotFound } from '../../../src/kube/api-error.ts';
import { backOff } from '../../../src/kube/back-off.ts';
import { definitions } from '../objects/order.ts';
import type { FeedHandler } from './feeds.ts';
import { type Listed, replicaFeed } from './handlers.ts';
import type { Places } from './keys.ts';
import type { CopiedKind } from './kinds.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';
import type { TaskOptions } from './task-options.ts';

export class ReplicaLists {
  readonly #options: TaskOptions;
  readonly #places: Places;
  readonly #sides: readonly { readonly replica: Replica; readonly site: Site }[];

  /** @param replicas in the order of the options' sites */
  constructor(options: TaskOptions, places: Places, replicas: readonly Replica[]) {
    this.#options = options;
    this.#places = places;
    this.#sides = replicas.map((replica, index) => ({ replica, site: options.replicas[index] as Site }));
  }

  /** Resolves when every replica's lists are complete, or it is known that they will not be for now. */
  async follow(lists: readonly Listed[]): Promise<void> {
    await Promise.all(
      this.#sides.flatMap(({ replica, site }) => lists.map((listed) => this.#one(replica, site, listed))),
    );
  }

  /**
   * A kind whose definition an earlier wave has brought was not there when it was first asked for, and is served a
   * moment after it came. A watch asks again by itself.
   */
  async listWhatCame(
    kind: CopiedKind,
    lists: readonly Listed[],
    kinds: readonly CopiedKind[],
  ): Promise<void> {
    const { watch, clock, signal } = this.#options;
    if (watch || !kinds.some(({ name }) => name === definitions)) return;
    for (let attempt = 0; attempt < 6; attempt++) {
      const lacking = this.#sides.filter(({ replica }) => isNotFound(replica.unlisted.get(kind.name)));
      if (lacking.length === 0) return;
      await clock.sleep(backOff(attempt, { firstMs: 250, mostMs: 2000 }), signal);
      await Promise.all(
        lacking.flatMap(({ replica, site }) => lists.map((listed) => this.#one(replica, site, listed))),
      );
    }
  }

  async #one(replica: Replica, site: Site, listed: Listed): Promise<void> {
    const failed = Promise.withResolvers<void>();
    const handler = replicaFeed(replica, listed, failed.resolve);
    // Why it can't be listed, the handler has heard.
    const followed = this.#follow(site, listed, handler).catch(() => undefined);
    await Promise.race([followed, failed.promise]);
  }

  #follow({ kube }: Site, { kind: { resource }, namespace }: Listed, handler: FeedHandler): Promise<void> {
    const { feeds, watch, signal } = this.#options;
    const there = namespace && this.#places.namespaceOnReplica(namespace);
    return feeds.follow({ kube, resource, namespace: there, metadataOnly: true, watch }, handler, signal);
  }
}
