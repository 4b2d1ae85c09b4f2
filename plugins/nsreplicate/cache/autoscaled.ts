/** Which workloads of the primary have their replicas set by an autoscaler. */
import type { CallOptions } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { discover, findResource } from '../../../src/kube/cluster/discovery.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { at, groupKind } from '../objects/draft.ts';
import { keyOf, type ObjectKey, type Places, placeOf } from '../objects/keys.ts';
import type { InformerHandler } from './informers.ts';

/** HorizontalPodAutoscalers, as the primary serves them. */
export async function autoscalersOf(
  primary: Cluster,
  options: CallOptions = {},
): Promise<Resource | undefined> {
  return findResource(await discover(primary.kube, options), 'horizontalpodautoscalers.autoscaling');
}

/** What an autoscaler is called here. */
const nameOf = ({ metadata: { namespace = '', name } }: KubeObject) => `${namespace}/${name}`;

export class Autoscaled {
  readonly #places: Places;
  /** Target by autoscaler. */
  readonly #targets = new Map<string, string>();

  constructor(places: Places) {
    this.#places = places;
  }

  set(object: KubeObject): void {
    this.#targets.set(nameOf(object), this.targetOf(object));
  }

  /** The key of the workload that an autoscaler scales. */
  targetOf({ metadata: { namespace = '' }, spec }: KubeObject): ObjectKey {
    const [apiVersion, kind, name = ''] = ['apiVersion', 'kind', 'name'].map((field) =>
      String(at(spec, 'scaleTargetRef', field) ?? ''),
    );
    return keyOf(groupKind({ apiVersion, kind }), namespace, name);
  }

  delete(object: KubeObject): void {
    this.#targets.delete(nameOf(object));
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

  /**
   * Keeps the targets up to date from an informer of one namespace, or of all; `changed` hears of workloads that became
   * or ceased to be one. Most events tell of an autoscaler's status only.
   */
  handler(namespace: string | undefined, changed: (target: ObjectKey) => void): InformerHandler {
    return {
      page: (items, first) => {
        if (first) this.#clear(namespace);
        for (const object of items) this.set(object);
      },
      synced: () => undefined,
      event: (type, object) => {
        const before = this.#targets.get(nameOf(object));
        if (type === 'DELETED') this.delete(object);
        else this.set(object);
        const after = this.#targets.get(nameOf(object));
        if (before === after) return;
        for (const target of [before, after]) if (target !== undefined) changed(target);
      },
    };
  }

  /** The list of one namespace says nothing of the others. */
  #clear(namespace: string | undefined): void {
    for (const name of this.#targets.keys())
      if (namespace === undefined || name.startsWith(`${namespace}/`)) this.#targets.delete(name);
  }
}
