/** Which workloads of the primary have their replicas set by an autoscaler. */
import { messageOf } from '../../../src/errors.ts';
import type { CallOptions } from '../../../src/kube/client.ts';
import { discover, findResource } from '../../../src/kube/discovery.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import type { Resource } from '../../../src/kube/resources.ts';
import { at, groupKind } from '../objects/draft.ts';
import type { FeedHandler, Feeds } from './feeds.ts';
import { keyOf, type ObjectKey, type Places, placeOf } from './keys.ts';
import { scopesOf } from './scopes.ts';
import type { Site } from './site.ts';

/** HorizontalPodAutoscalers, as the primary serves them. */
export async function autoscalersOf(primary: Site, options: CallOptions = {}): Promise<Resource | undefined> {
  return findResource(await discover(primary.kube, options), 'horizontalpodautoscalers.autoscaling');
}

interface FollowOptions {
  readonly primary: Site;
  readonly feeds: Feeds;
  readonly watch: boolean;
  readonly signal: AbortSignal;
}

export class Autoscaled {
  readonly #places: Places;
  /** Target by autoscaler. */
  readonly #targets = new Map<string, string>();

  constructor(places: Places) {
    this.#places = places;
  }

  set(object: KubeObject): void {
    const { namespace = '', name } = object.metadata;
    this.#targets.set(`${namespace}/${name}`, this.targetOf(object));
  }

  /** The key of the workload that an autoscaler scales. */
  targetOf({ metadata: { namespace = '' }, spec }: KubeObject): ObjectKey {
    const [apiVersion, kind, name = ''] = ['apiVersion', 'kind', 'name'].map((field) =>
      String(at(spec, 'scaleTargetRef', field) ?? ''),
    );
    return keyOf(groupKind({ apiVersion, kind }), namespace, name);
  }

  delete({ metadata: { namespace = '', name } }: KubeObject): void {
    this.#targets.delete(`${namespace}/${name}`);
  }

  /** Whether a workload, of the primary or a replica, is a target. */
  has(object: KubeObject): boolean {
    if (this.#targets.size === 0) return false;
    const kind = groupKind(object);
    const targets = new Set(this.#targets.values());
    if (targets.has(this.#places.ofOriginal(kind, object))) return true;
    const key = this.#places.ofCopy(kind, object);
    return key !== undefined && placeOf(key).namespace !== object.metadata.namespace && targets.has(key);
  }

  /** Keeps the targets up to date from a feed; `changed` hears of workloads that became or ceased to be one. */
  handler(changed: (target: ObjectKey) => void): FeedHandler {
    return {
      page: (items, first) => {
        if (first) this.#targets.clear();
        for (const object of items) this.set(object);
      },
      synced: () => undefined,
      event: (type, object) => {
        if (type === 'DELETED') this.delete(object);
        else this.set(object);
        changed(this.targetOf(object));
      },
    };
  }
}

/**
 * Follows the autoscalers of a primary until the signal aborts; resolves when all are known. Why they can't be read is
 * returned: workloads are copied with the replicas that they have then.
 */
export async function followAutoscalers(
  { primary, feeds, watch, signal }: FollowOptions,
  literal: readonly string[] | undefined,
  autoscaled: Autoscaled,
  changed: (target: ObjectKey) => void,
): Promise<string | undefined> {
  const resource = await autoscalersOf(primary, { signal });
  if (!resource) return undefined;
  const handler = autoscaled.handler(changed);
  try {
    const scopes = await scopesOf(primary, resource, literal, { signal });
    const feed = { kube: primary.kube, resource, metadataOnly: false, watch };
    await Promise.all(scopes.map((namespace) => feeds.follow({ ...feed, namespace }, handler, signal)));
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return `autoscalers can't be read, so replicas are copied as they are: ${messageOf(error)}`;
  }
}
