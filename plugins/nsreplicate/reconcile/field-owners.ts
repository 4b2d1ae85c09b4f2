/** Changes who owns fields of an object on a replica, without changing the fields. */
import type { Clock } from '../../../src/clock.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { fieldManager, handoverManager } from '../decide/spec.ts';
import {
  handedOver,
  hasPath,
  managedFieldsOf,
  type OwnedPath,
  takenOver,
} from '../objects/managed-fields.ts';

export interface OwnershipChange {
  readonly kube: KubeClient;
  readonly resource: Resource;
  readonly object: KubeObject;
  /** Of what is applied. */
  readonly apiVersion: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly call: CallOptions;
}

/** Fields of others become ours: the next apply removes those that it does not name. */
export function takeOver(change: OwnershipChange, paths: readonly OwnedPath[]): Promise<KubeObject> {
  const { object, apiVersion, clock } = change;
  const applier = { manager: fieldManager, apiVersion };
  return write(change, takenOver(object, paths, applier, clock.now().toISOString()));
}

const replicas: OwnedPath = ['f:spec', 'f:replicas'];

/**
 * The number of pods of a workload that an autoscaler sets from now on. To let go of a field that nobody else owns is to
 * set it back to its default: one pod.
 */
export async function handOverReplicas(change: OwnershipChange): Promise<void> {
  const { object, apiVersion, clock } = change;
  const isOurs = managedFieldsOf(object).some(
    ({ manager, operation, fields }) =>
      manager === fieldManager && operation === 'Apply' && hasPath(fields, replicas),
  );
  if (!isOurs) return;
  const taker = { manager: handoverManager, apiVersion };
  await write(change, handedOver(object, replicas, fieldManager, taker, clock.now().toISOString()));
}

/** Refused by the server where the object changed since it was read. */
function write(
  { kube, resource, object, call }: OwnershipChange,
  managedFields: unknown[],
): Promise<KubeObject> {
  const { name, namespace, resourceVersion } = object.metadata;
  const patch = { metadata: { resourceVersion, managedFields } };
  return kube.patch(resource, { namespace, name }, patch, { ...call, type: 'merge', fieldManager });
}
