/** An object as it was once seen on a cluster, and whether the cluster has gone back behind that. */
import type { CallOptions } from '../../../src/kube/api/client.ts';
import { isOlder } from '../../../src/kube/api/resource-version.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { type ObjectKey, placeOf } from '../objects/keys.ts';
import type { Cluster } from './cluster.ts';

export interface SeenVersion {
  readonly key: ObjectKey;
  readonly resource: Resource;
  readonly uid: string;
  readonly version: string;
}

/** Whether a cluster has an object in an older version than was seen. */
export async function isOlderNow(
  { kube }: Cluster,
  { key, resource, uid, version }: SeenVersion,
  call: CallOptions,
): Promise<boolean> {
  const { namespace, name } = placeOf(key);
  const object = await kube.find(resource, { name, namespace: namespace || undefined }, call);
  return object?.metadata.uid === uid && isOlder(object.metadata.resourceVersion ?? '', version);
}
