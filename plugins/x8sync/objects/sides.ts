/** The two sides of a task: names, labels and owners of what is made there. */
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import {
  cronJobs,
  jobs,
  networkPolicies,
  persistentVolumeClaims,
  pods,
  type Resource,
  roleBindings,
  roles,
  secrets,
  serviceAccounts,
  services,
  statefulSets,
  volumeSnapshots,
} from '../../../src/kube/api/resources.ts';
import { Label, managerOf, recordName, selectorOf, taskLabels } from '../../../src/tasks/names.ts';
import { ownerReference, type TaskRecord } from '../../../src/tasks/record.ts';
import type { SideMeta } from './manifests/service.ts';
import type { WorkersMeta } from './manifests/workers.ts';

/** The tool's name in labels, names of objects and field managers. */
export const tool = 'x8sync';
export type Role = 'source' | 'target';

/** A side whose ConfigMap exists, so that what is made there has an owner. */
export interface TaskSide extends SideMeta {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Label selector of all that this task made on this side. */
  readonly selectorText: string;
}

export function sideOf(kube: KubeClient, record: TaskRecord): TaskSide {
  const { namespace, task, role, name } = record;
  const selector = taskLabels(tool, task, role);
  return {
    kube,
    namespace,
    name,
    selector,
    selectorText: selectorOf(selector),
    meta: { name, namespace, labels: selector, ownerReferences: [ownerReference(record)] },
  };
}

/** Marks the pods that copy beside the mover's, and their Job; they bear the labels of the target's side as well. */
export const workerLabel = 'x8s.dev/worker';

/** Selects the mover's own pods, which tell all there is to tell. */
export const moverSelector = ({ selectorText }: Pick<TaskSide, 'selectorText'>): string =>
  `${selectorText},!${workerLabel}`;

/** Name and labels of the Job of these pods. */
export const workersMeta = ({ selector }: Pick<TaskSide, 'selector'>): WorkersMeta => ({
  name: recordName(tool, selector[Label.task] ?? '', 'worker'),
  labels: { ...selector, [workerLabel]: 'true' },
  selector,
});

/** Kinds that a task may make on each side, pods last: their controllers go first. */
const childKinds: Readonly<Record<Role, readonly Resource[]>> = {
  source: [statefulSets, services, networkPolicies, secrets, pods],
  target: [jobs, services, networkPolicies, secrets, pods],
};

/** What a task makes of its source only where that was asked for: not every cluster has these kinds. */
const frozenKinds: Readonly<Record<string, readonly Resource[]>> = {
  snapshot: [volumeSnapshots, persistentVolumeClaims],
  clone: [persistentVolumeClaims],
};

/** What it makes at its target where it copies again and again. */
const scheduledKinds: readonly Resource[] = [cronJobs, serviceAccounts, roles, roleBindings];

/** Whether a task copies again and again by itself. */
export const isScheduled = ({ spec }: Pick<TaskRecord, 'spec'>): boolean =>
  ((spec ?? {}) as { readonly schedule?: string }).schedule !== undefined;

/** The kinds of what this side of a task has made, by its record. */
export function kindsMadeFor({ role, spec }: Pick<TaskRecord, 'role' | 'spec'>): readonly Resource[] {
  const { snapshot = '' } = (spec ?? {}) as { readonly snapshot?: string };
  const scheduled = role === 'target' && isScheduled({ spec }) ? scheduledKinds : [];
  const frozen = role === 'source' && Object.hasOwn(frozenKinds, snapshot) ? frozenKinds[snapshot] : [];
  return [...(childKinds[role as Role] ?? []), ...scheduled, ...(frozen ?? [])];
}

/** Every kind that this side of a task may have made, for one whose specification nobody can tell any more. */
export const kindsPossibleFor = ({ role }: Pick<TaskRecord, 'role'>): readonly Resource[] => [
  ...(childKinds[role as Role] ?? []),
  ...(role === 'target' ? scheduledKinds : []),
  ...(role === 'source' ? (frozenKinds.snapshot ?? []) : []),
];

/** The x8sync task that a pod belongs to, if any. */
export function taskOfPod({ metadata: { labels } }: Pod): string | undefined {
  return labels?.[Label.managedBy] === managerOf(tool) ? labels[Label.task] : undefined;
}
