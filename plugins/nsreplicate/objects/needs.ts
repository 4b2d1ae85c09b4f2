/** What a workload needs from its cluster beyond what is copied with it. */
import type { KubeObject } from '../../../src/kube/objects.ts';
import { at, groupKind, items } from './draft.ts';

/** Something that has to be there. */
export interface Need {
  readonly kind: 'ServiceAccount' | 'StorageClass' | 'PriorityClass' | 'RuntimeClass' | 'IngressClass';
  /** For ServiceAccounts: the namespace on the primary. */
  readonly namespace: string | undefined;
  readonly name: string;
}

const templates: Readonly<Record<string, readonly string[]>> = {
  'Deployment.apps': ['spec', 'template', 'spec'],
  'StatefulSet.apps': ['spec', 'template', 'spec'],
  'DaemonSet.apps': ['spec', 'template', 'spec'],
  'Job.batch': ['spec', 'template', 'spec'],
  'CronJob.batch': ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

/** What an object of the primary needs; what every namespace or cluster has is left out. */
export function needsOf(object: KubeObject): Need[] {
  const kind = groupKind(object);
  const { namespace } = object.metadata;
  const needs: Need[] = [];
  const add = (what: Need['kind'], name: unknown, place?: string) => {
    if (typeof name === 'string' && name !== '') needs.push({ kind: what, namespace: place, name });
  };
  const path = templates[kind];
  if (path) {
    const pod = at(object, ...path);
    const account = at(pod, 'serviceAccountName');
    if (account !== 'default') add('ServiceAccount', account, namespace);
    add('PriorityClass', at(pod, 'priorityClassName'));
    add('RuntimeClass', at(pod, 'runtimeClassName'));
  }
  if (kind === 'PersistentVolumeClaim') add('StorageClass', at(object, 'spec', 'storageClassName'));
  for (const claim of items(object, 'spec', 'volumeClaimTemplates'))
    add('StorageClass', at(claim, 'spec', 'storageClassName'));
  if (kind === 'Ingress.networking.k8s.io') add('IngressClass', at(object, 'spec', 'ingressClassName'));
  return needs;
}
