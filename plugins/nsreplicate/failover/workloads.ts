/** The workloads of a replica: which are held, waking them, and whether they are ready. */
import type { CallOptions } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { undefinedIfNotServed } from '../clusters/failure.ts';
import { at } from '../objects/draft.ts';
import { isCopyOf, ProvenanceKey } from '../objects/provenance.ts';
import { type Original, originalOf, wakingPatch } from '../objects/standby.ts';

export const workloadKinds = ['StatefulSet', 'Deployment', 'CronJob'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];

/** A copy of a task that makes pods. */
export interface Workload {
  readonly kind: WorkloadKind;
  readonly object: KubeObject;
  /** What it had before it was held; undefined: it is not held. */
  readonly original: Original | undefined;
}

const resources: Readonly<Record<WorkloadKind, Resource>> = {
  StatefulSet: namespaced('apps', 'statefulsets', 'StatefulSet'),
  Deployment: namespaced('apps', 'deployments', 'Deployment'),
  CronJob: namespaced('batch', 'cronjobs', 'CronJob'),
};

function namespaced(group: string, plural: string, kind: string): Resource {
  return { group, version: 'v1', plural, kind, namespaced: true };
}

/** Who wakes workloads: not the manager that applies copies, which would own the number of pods for ever. */
const fieldManager = 'kubectl-nsreplicate-failover';

/** `Deployment shop/web` */
export const nameOf = ({ kind, object: { metadata } }: Workload): string =>
  `${kind} ${metadata.namespace}/${metadata.name}`;

/** All workloads of a task on a replica. */
export async function workloadsOf({ kube }: Cluster, task: string, call: CallOptions): Promise<Workload[]> {
  const labelSelector = `${ProvenanceKey.task}=${task}`;
  const lists = await Promise.all(
    workloadKinds.map(async (kind) => {
      const list = await kube.list(resources[kind], { ...call, labelSelector }).catch(undefinedIfNotServed);
      return (list?.items ?? [])
        .filter((object) => isCopyOf(object, task))
        .map((object) => workloadOf(kind, object));
    }),
  );
  return lists.flat();
}

export const workloadOf = (kind: WorkloadKind, object: KubeObject): Workload => ({
  kind,
  object,
  original: originalOf(object),
});

/** Reads a workload again; undefined: it is gone. */
export async function readAgain(
  { kube }: Cluster,
  { kind, object: { metadata } }: Workload,
  call: CallOptions,
): Promise<Workload | undefined> {
  const { namespace, name } = metadata;
  const object = await kube.find(resources[kind], { namespace, name }, call);
  return object && workloadOf(kind, object);
}

/** Gives a held workload back what it had, and takes the annotations off that say so. */
export async function wake(
  { kube }: Cluster,
  { kind, object: { metadata }, original }: Workload,
  call: CallOptions,
): Promise<void> {
  if (!original) return;
  const { namespace, name, uid } = metadata;
  const waking = wakingPatch(original);
  // With its uid: an object that took its place is not touched.
  const patch = { ...waking, metadata: { ...waking.metadata, uid } };
  await kube.patch(resources[kind], { namespace, name }, patch, { ...call, type: 'merge', fieldManager });
}

/** Whether it makes no more pods by itself, however long it is waited for: a Deployment that is paused. */
export function isStuck({ kind, object }: Workload): boolean {
  if (kind !== 'Deployment' || at(object, 'spec', 'paused') !== true) return false;
  const seen = Number(at(object, 'status', 'observedGeneration') ?? 0);
  const made = Number(at(object, 'status', 'replicas') ?? 0);
  return (
    seen >= Number(object.metadata.generation ?? 0) && made < Number(at(object, 'spec', 'replicas') ?? 1)
  );
}

/** How many pods a workload lacks, in words; undefined: it is ready. */
export function unreadiness({ kind, object }: Workload): string | undefined {
  if (kind === 'CronJob') return undefined;
  const wanted = Number(at(object, 'spec', 'replicas') ?? 1);
  const seen = Number(at(object, 'status', 'observedGeneration') ?? 0);
  const field = kind === 'Deployment' ? 'availableReplicas' : 'readyReplicas';
  const ready = Number(at(object, 'status', field) ?? 0);
  if (seen < Number(object.metadata.generation ?? 0)) return 'its controller has not taken it up yet';
  if (ready >= wanted) return undefined;
  const short = `${ready} of ${wanted} pods are ready`;
  const { name, namespace } = object.metadata;
  return kind === 'Deployment' && at(object, 'spec', 'paused') === true
    ? `${short}, and it is paused: nothing new is rolled out until \`kubectl rollout resume deployment/${name} -n ${namespace}\``
    : short;
}
