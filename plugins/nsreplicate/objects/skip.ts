/** What is never copied, and why: said to the person, counted, and left. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { Label, managerOf } from '../../../src/tasks/names.ts';
import { groupKind } from './draft.ts';
import { sanitise } from './sanitise.ts';

export interface SkipRule {
  readonly reason: string;
  /** As `groupKind` writes them; absent: every kind. */
  readonly kinds?: readonly string[];
  readonly applies: (object: KubeObject) => boolean;
}

const nameIn =
  (...names: string[]) =>
  ({ metadata }: KubeObject) =>
    names.includes(metadata.name);

/** Kinds that say what a cluster is doing, not what it should do. */
const ephemeralKinds = [
  'Pod',
  'Event',
  'Event.events.k8s.io',
  'Lease.coordination.k8s.io',
  'Node',
  'PersistentVolume',
  'ComponentStatus',
  'ControllerRevision.apps',
  'ReplicaSet.apps',
  'CSINode.storage.k8s.io',
  'CSIStorageCapacity.storage.k8s.io',
  'VolumeAttachment.storage.k8s.io',
  'CertificateSigningRequest.certificates.k8s.io',
];

/** Whether an object has nothing but its name, and what its cluster put there. */
function isPlain(object: KubeObject): boolean {
  const { apiVersion: _version, kind: _kind, metadata, ...fields } = sanitise(object);
  const { labels = {}, annotations = {} } = metadata;
  return [fields, labels, annotations].every((map) => Object.keys(map).length === 0);
}

const suite = ['x8sync', 'nsreplicate', 'devsync'].map(managerOf);

export const skipRules: readonly SkipRule[] = [
  {
    reason: "the cluster's own state, not a wish",
    kinds: ephemeralKinds,
    applies: () => true,
  },
  {
    reason: 'belongs to a task of this suite',
    // Locks of claims and the namespace of our own state belong to no one task, but to this cluster all the same.
    applies: ({ metadata: { labels = {} } }) =>
      labels[Label.task] !== undefined || suite.includes(labels[Label.managedBy] ?? ''),
  },
  {
    reason: 'made by a controller from another object',
    applies: ({ metadata }) =>
      metadata.ownerReferences?.some(({ controller }) => controller === true) ?? false,
  },
  {
    reason: 'a token of its own cluster',
    kinds: ['Secret'],
    applies: ({ type }) =>
      type === 'kubernetes.io/service-account-token' || type === 'bootstrap.kubernetes.io/token',
  },
  {
    reason: 'a certificate of its own cluster',
    kinds: ['ConfigMap'],
    applies: nameIn('kube-root-ca.crt', 'openshift-service-ca.crt', 'extension-apiserver-authentication'),
  },
  {
    reason: "Helm's record of a release",
    kinds: ['Secret', 'ConfigMap'],
    applies: ({ type, metadata }) =>
      String(type).startsWith('helm.sh/') || metadata.name.startsWith('sh.helm.release.v1.'),
  },
  {
    reason: 'endpoints that a controller keeps',
    kinds: ['Endpoints', 'EndpointSlice.discovery.k8s.io'],
    applies: ({ metadata: { labels = {}, annotations = {} } }) =>
      'endpoints.kubernetes.io/managed-by' in labels ||
      'endpointslice.kubernetes.io/managed-by' in labels ||
      'endpointslice.kubernetes.io/skip-mirror' in labels ||
      'endpoints.kubernetes.io/last-change-trigger-time' in annotations,
  },
  {
    reason: 'the ServiceAccount that every namespace gets, unchanged',
    kinds: ['ServiceAccount'],
    applies: (object) => object.metadata.name === 'default' && isPlain(object),
  },
  {
    reason: "the API server's own Service",
    kinds: ['Service', 'Endpoints'],
    applies: ({ metadata }) => metadata.namespace === 'default' && metadata.name === 'kubernetes',
  },
];

/** Why an object is not copied; undefined where it is. */
export function skipReason(object: KubeObject): string | undefined {
  const kind = groupKind(object);
  return skipRules.find(({ kinds, applies }) => (!kinds || kinds.includes(kind)) && applies(object))?.reason;
}

/** Whether no object of the kind is ever copied. */
export function isEphemeralKind(kind: string): boolean {
  return ephemeralKinds.includes(kind);
}
