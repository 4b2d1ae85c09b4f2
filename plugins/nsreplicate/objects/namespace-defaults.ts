/** What a namespace holds that nobody has to have put there: no reason to keep the namespace. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { digestOf } from './digest.ts';
import { groupKind } from './draft.ts';

/** What every namespace gets, by kind. */
const madeByCluster: Readonly<Record<string, readonly string[]>> = {
  ServiceAccount: ['default'],
  ConfigMap: ['kube-root-ca.crt', 'openshift-service-ca.crt'],
};

/**
 * Whether nobody has changed what a namespace gets and can be changed: the default ServiceAccount.
 * @param live digest of what is there; undefined where it was not looked at
 * @returns undefined where it is nothing of that kind
 */
export function untouched(
  kind: string,
  { namespace, name }: { namespace: string | undefined; name: string },
  live: string | undefined,
): 'yes' | 'no' | 'unknown' | undefined {
  if (kind !== 'ServiceAccount' || name !== 'default' || namespace === undefined) return undefined;
  if (live === undefined) return 'unknown';
  const bare = { apiVersion: 'v1', kind, metadata: { name, namespace } };
  return live === digestOf(bare, unkeyed) ? 'yes' : 'no';
}

/** Nothing but Secrets' digests are keyed. */
const unkeyed = new Uint8Array();

/** Records of what happens, and of who leads. */
const records = ['Event', 'Event.events.k8s.io', 'Lease.coordination.k8s.io'];
const endpoints = ['Endpoints', 'EndpointSlice.discovery.k8s.io'];
const keptByController = [
  'endpoints.kubernetes.io/managed-by',
  'endpointslice.kubernetes.io/managed-by',
  'endpoints.kubernetes.io/last-change-trigger-time',
];

/** Whether the cluster itself made an object of a namespace, or it only records what happens there. */
export function isNamespaceDefault(object: KubeObject): boolean {
  const { name, labels = {}, annotations = {} } = object.metadata;
  const kind = groupKind(object);
  if (madeByCluster[kind]?.includes(name) || records.includes(kind)) return true;
  return endpoints.includes(kind) && keptByController.some((key) => key in labels || key in annotations);
}
