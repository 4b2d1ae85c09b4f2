/** What a namespace holds that nobody has to have put there: no reason to keep the namespace. */
import type { KubeObject } from '../../../src/kube/objects.ts';
import { groupKind } from './draft.ts';

/** What every namespace gets, by kind. */
const madeByCluster: Readonly<Record<string, readonly string[]>> = {
  ServiceAccount: ['default'],
  ConfigMap: ['kube-root-ca.crt', 'openshift-service-ca.crt'],
};

/** Records of what happens, and of who leads. */
const records = ['Event', 'Event.events.k8s.io', 'Lease.coordination.k8s.io'];
const endpoints = ['Endpoints', 'EndpointSlice.discovery.k8s.io'];
const keptByController = [
  'endpoints.kubernetes.io/managed-by',
  'endpointslice.kubernetes.io/managed-by',
  'endpoints.kubernetes.io/last-change-trigger-time',
];

/** Whether the cluster itself made an object of a namespace, or it only records what happens there. */
export function isGivenToNamespaces(object: KubeObject): boolean {
  const { name, labels = {}, annotations = {} } = object.metadata;
  const kind = groupKind(object);
  if (madeByCluster[kind]?.includes(name) || records.includes(kind)) return true;
  return endpoints.includes(kind) && keptByController.some((key) => key in labels || key in annotations);
}
