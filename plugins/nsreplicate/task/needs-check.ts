/** Whether replicas have what copied workloads need of them. */
import { repeat } from '../../../src/async/repeat.ts';
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { CallOptions } from '../../../src/kube/api/client.ts';
import { discover, findResource } from '../../../src/kube/cluster/discovery.ts';
import type { Needed } from '../cache/findings.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { describe, keyOf, type ObjectKey, type Places } from '../objects/keys.ts';
import type { Need } from '../objects/needs.ts';
import type { TaskOptions } from './task-options.ts';

const resources: Readonly<Record<Need['kind'], string>> = {
  ServiceAccount: 'serviceaccounts',
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  StorageClass: 'storageclasses.storage.k8s.io',
  PriorityClass: 'priorityclasses.scheduling.k8s.io',
  RuntimeClass: 'runtimeclasses.node.k8s.io',
  IngressClass: 'ingressclasses.networking.k8s.io',
};

/** How often a watch asks for what is lacking, and for what new objects need. */
const PERIOD_MS = 60_000;

export interface NeedsOptions
  extends Pick<TaskOptions, 'replicas' | 'clock' | 'signal' | 'warn' | 'changed'> {
  readonly primaryCache: PrimaryCache;
  readonly places: Places;
}

/** Keeps account of what replicas lack. */
export class NeedsCheck {
  readonly #options: NeedsOptions;
  /** By replica, one line each. */
  readonly #lacks = new Map<string, readonly string[]>();
  /** What some replica lacks, or could not be asked for. */
  #open: readonly Needed[] = [];

  constructor(options: NeedsOptions) {
    this.#options = options;
  }

  /** What a replica lacks, one line each. */
  lacks(replica: string): readonly string[] {
    return this.#lacks.get(replica) ?? [];
  }

  /** Asks for what is lacking, and for what objects need that came since. What may not be looked at is taken to be there. */
  async check(): Promise<void> {
    const { primaryCache, replicas } = this.#options;
    const all = [...this.#open, ...primaryCache.findings.takeNeeds()].filter(({ by }) =>
      primaryCache.original(by),
    );
    const needed = [...new Map(all.map((one) => [Object.values(one.need).join('|'), one])).values()];
    if (this.#open.length === 0 && needed.length === 0) return;
    const missing = await Promise.all(replicas.map((cluster) => this.#missingOn(cluster, needed)));
    this.#open = needed.filter((one) => missing.some((some) => some.includes(one)));
  }

  /** Goes on until the signal aborts, or this program has a defect, which it rejects with. */
  async follow(): Promise<void> {
    const { clock, signal } = this.#options;
    await repeat(() => this.check(), { periodMs: PERIOD_MS, pauseFirst: true, clock, signal });
  }

  /** One that can't be asked now is asked again. */
  async #missingOn(cluster: Cluster, needed: readonly Needed[]): Promise<readonly Needed[]> {
    const { primaryCache, places, signal, warn, changed } = this.#options;
    try {
      const there = await someAtOnce(
        needed.map(
          ({ need }) =>
            () =>
              isThere(cluster, need, places, primaryCache, { signal }),
        ),
      );
      const missing = needed.filter((_, index) => !there[index]);
      const before = this.lacks(cluster.name);
      const lines = [...new Set(missing.map(({ need, by }) => describeNeed(need, by, places)))].sort();
      this.#lacks.set(cluster.name, lines);
      for (const line of lines) if (!before.includes(line)) warn(`replica ${cluster.name} lacks ${line}`);
      if (lines.join() !== before.join()) changed();
      return missing;
    } catch (error) {
      if (!signal.aborted && !(error instanceof X8sError)) throw error;
      return needed;
    }
  }
}

async function isThere(
  cluster: Cluster,
  need: Need,
  places: Places,
  primaryCache: PrimaryCache,
  options: CallOptions,
): Promise<boolean> {
  return (await lookFor(cluster, need, { primaryCache, places }, options)) !== 'missing';
}

/** Whether a cluster has what an object needs, or will have it; `unknown`: it does not let that be looked at. */
export async function lookFor(
  { kube }: Cluster,
  { kind, namespace, name }: Need,
  { primaryCache, places }: Pick<NeedsOptions, 'primaryCache' | 'places'>,
  options: CallOptions,
): Promise<'there' | 'missing' | 'unknown'> {
  const key = keyOf(kind, namespace ?? '', name);
  // It is copied as well, so it will be there.
  if (primaryCache.original(key)) return 'there';
  const resource = findResource(await discover(kube, options), resources[kind]);
  if (!resource) return 'missing';
  try {
    return (await kube.find(resource, places.onReplica(key), options)) ? 'there' : 'missing';
  } catch (error) {
    if (isForbidden(error)) return 'unknown';
    throw error;
  }
}

/** `StorageClass fast (for PersistentVolumeClaim shop/data)`. */
export function describeNeed({ kind, namespace, name }: Need, by: ObjectKey, places: Places): string {
  const place = namespace === undefined ? '' : `${places.onReplica(keyOf(kind, namespace, name)).namespace}/`;
  return `${kind} ${place}${name} (for ${describe(by)})`;
}
