/** Whether a replica has what copied workloads need of it. */
import { isForbidden } from '../../../src/kube/api-error.ts';
import type { CallOptions } from '../../../src/kube/client.ts';
import { discover, findResource } from '../../../src/kube/discovery.ts';
import type { Need } from '../objects/needs.ts';
import type { Catalogue } from './catalogue.ts';
import { describe, keyOf, type ObjectKey, type Places } from './keys.ts';
import type { Site } from './site.ts';

const resources: Readonly<Record<Need['kind'], string>> = {
  ServiceAccount: 'serviceaccounts',
  StorageClass: 'storageclasses.storage.k8s.io',
  PriorityClass: 'priorityclasses.scheduling.k8s.io',
  RuntimeClass: 'runtimeclasses.node.k8s.io',
  IngressClass: 'ingressclasses.networking.k8s.io',
};

/** What is missing on a replica, one line each; what may not be looked at is taken to be there. */
export async function missingNeeds(
  replica: Site,
  catalogue: Catalogue,
  places: Places,
  options: CallOptions = {},
): Promise<string[]> {
  const found = await Promise.all(
    [...catalogue.needs.values()].map(async ({ need, by }) => ({
      need,
      by,
      there: await isThere(replica, need, places, catalogue, options),
    })),
  );
  return found
    .filter(({ there }) => !there)
    .map(({ need, by }) => describeNeed(need, by, places))
    .sort();
}

async function isThere(
  { kube }: Site,
  { kind, namespace, name }: Need,
  places: Places,
  catalogue: Catalogue,
  options: CallOptions,
): Promise<boolean> {
  const key = keyOf(kind, namespace ?? '', name);
  // It is copied as well, so it will be there.
  if (catalogue.original(key)) return true;
  const resource = findResource(await discover(kube, options), resources[kind]);
  if (!resource) return false;
  try {
    return (await kube.find(resource, places.onReplica(key), options)) !== undefined;
  } catch (error) {
    if (isForbidden(error)) return true;
    throw error;
  }
}

function describeNeed({ kind, namespace, name }: Need, by: ObjectKey, places: Places): string {
  const place = namespace === undefined ? '' : `${places.onReplica(keyOf(kind, namespace, name)).namespace}/`;
  return `${kind} ${place}${name} (for ${describe(by)})`;
}
