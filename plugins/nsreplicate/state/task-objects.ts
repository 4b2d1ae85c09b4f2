/** Where a task's state is kept: a namespace of its own, which is never copied. */
import { RefusedError } from '../../../src/errors.ts';
import { isAlreadyExists, isForbidden } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import { namespaces } from '../../../src/kube/api/resources.ts';
import { checkTaskName, Label, managerOf, recordName, taskLabels } from '../../../src/tasks/names.ts';
import { stateNamespace } from '../decide/spec.ts';

export const tool = 'nsreplicate';
export const defaultTask = 'default';

/** What is kept of a task, the longest names among them; each is an object of its own. Shards of records are `jobs-…`, of others `results-…`. */
export const roles = [
  'state',
  'control',
  'key',
  'lease',
  'epoch',
  'promotion',
  'jobs-recent',
  'jobs-failed-0',
] as const;
export type Role = (typeof roles)[number] | 'owner' | `jobs-${string}` | `results-${number}`;

/** In characters: as many as the value of a label has. No task of this plugin has a StatefulSet, which takes fewer. */
const LONGEST_NAME = 63;

/** Refuses (UsageError) a name that a task can't have. */
export const checkName = (name: string): void => checkTaskName(tool, name, roles, 'task', LONGEST_NAME);

/** Metadata of one of a task's own objects. */
export function metadataOf(task: string, role: Role) {
  return {
    namespace: stateNamespace,
    name: recordName(tool, task, role),
    labels: taskLabels(tool, task, role),
  };
}

/** Makes the state's namespace, if it is not there. */
export async function ensureStateNamespace(kube: KubeClient, call: CallOptions = {}): Promise<void> {
  const present = await kube.find(namespaces, { name: stateNamespace }, call).catch((error: unknown) => {
    // Who may only work in a namespace that somebody else made, may not look at it either.
    if (isForbidden(error)) return 'unknown' as const;
    throw error;
  });
  if (present === 'unknown') return;
  if (present?.metadata.deletionTimestamp !== undefined)
    throw new RefusedError(`Namespace ${stateNamespace} in ${kube.cluster.context} is being deleted.`, {
      hint: 'Tasks keep their state there. Wait until it is gone, then start again.',
    });
  if (present) return;
  const labels = {
    [Label.managedBy]: managerOf(tool),
    'pod-security.kubernetes.io/enforce': 'restricted',
  };
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: stateNamespace, labels } };
  await kube.create(namespaces, object, call).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}
