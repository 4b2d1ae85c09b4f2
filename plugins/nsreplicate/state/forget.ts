/** Removes all that is kept of a task but its epoch: what is fenced stays fenced. */
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import { configMaps, leases, type Resource, secrets } from '../../../src/kube/api/resources.ts';
import { Label, managerOf, selectorOf } from '../../../src/tasks/names.ts';
import { stateNamespace } from '../decide/spec.ts';
import { tool } from './task-objects.ts';

/**
 * Deletes a task's records and its key. Whoever calls holds the task's Lease, which goes with `forgetLease` once it was
 * given back.
 */
export const forgetRecords = (kube: KubeClient, task: string, call: CallOptions = {}): Promise<void> =>
  forget(kube, task, [configMaps, secrets], call);

export const forgetLease = (kube: KubeClient, task: string, call: CallOptions = {}): Promise<void> =>
  forget(kube, task, [leases], call);

async function forget(
  kube: KubeClient,
  task: string,
  resources: readonly Resource[],
  call: CallOptions,
): Promise<void> {
  const ofTask = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.task]: task });
  const labelSelector = `${ofTask},${Label.role} notin (epoch)`;
  const options = { namespace: stateNamespace, labelSelector, metadataOnly: true, ...call };
  for (const resource of resources) {
    const { items } = await kube.list(resource, options);
    for (const { metadata } of items)
      await kube.delete(
        resource,
        { namespace: stateNamespace, name: metadata.name },
        { ...call, uid: metadata.uid },
      );
  }
}
