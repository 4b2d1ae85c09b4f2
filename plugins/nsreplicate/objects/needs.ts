/** What a workload needs from its cluster beyond what is copied with it. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { at, groupKind, items } from './draft.ts';

/** Something that has to be there. */
export interface Need {
  readonly kind:
    | 'ServiceAccount'
    | 'Secret'
    | 'ConfigMap'
    | 'StorageClass'
    | 'PriorityClass'
    | 'RuntimeClass'
    | 'IngressClass';
  /** Of what is in a namespace: the one on the primary. */
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

/** Where the spec of a pod names Secrets and ConfigMaps, without which it does not start. */
const sources = {
  Secret: {
    volumes: [['secret'], ['csi', 'nodePublishSecretRef']],
    projected: 'secret',
    variable: 'secretKeyRef',
    variables: 'secretRef',
  },
  ConfigMap: {
    volumes: [['configMap']],
    projected: 'configMap',
    variable: 'configMapKeyRef',
    variables: 'configMapRef',
  },
} as const;

function namedBy(pod: unknown, source: (typeof sources)[keyof typeof sources]): Set<unknown> {
  const volumes = items(pod, 'volumes');
  const containers = [...items(pod, 'initContainers'), ...items(pod, 'containers')];
  const references = [
    ...volumes.flatMap((volume) => source.volumes.map((path) => at(volume, ...path))),
    ...volumes
      .flatMap((volume) => items(volume, 'projected', 'sources'))
      .map((one) => at(one, source.projected)),
    ...containers.flatMap((one) => items(one, 'env')).map((one) => at(one, 'valueFrom', source.variable)),
    ...containers.flatMap((one) => items(one, 'envFrom')).map((one) => at(one, source.variables)),
  ].filter((one) => at(one, 'optional') !== true);
  // Volumes have another name for this field.
  return new Set(references.map((one) => at(one, 'secretName') ?? at(one, 'name')));
}

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
    for (const name of namedBy(pod, sources.Secret)) add('Secret', name, namespace);
    for (const name of namedBy(pod, sources.ConfigMap)) add('ConfigMap', name, namespace);
  }
  if (kind === 'PersistentVolumeClaim') add('StorageClass', at(object, 'spec', 'storageClassName'));
  for (const claim of items(object, 'spec', 'volumeClaimTemplates'))
    add('StorageClass', at(claim, 'spec', 'storageClassName'));
  if (kind === 'Ingress.networking.k8s.io') add('IngressClass', at(object, 'spec', 'ingressClassName'));
  return needs;
}
