/** Resources (what a URL names) of the kinds that the project itself uses, and their paths. */
import type * as o from './objects.ts';

/**
 * A resource of the API: what a request's path is made of. `T` is the shape of its objects.
 * `kind` and `apiVersion` are what its objects bear.
 */
export interface Resource<T extends o.KubeObject = o.KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower-case plural, as in the path. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Carries the type only; never set. */
  readonly _object?: T;
}

/** A resource as the server describes it. */
export interface DiscoveredResource extends Resource {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
  /** Its version is the one that the group prefers, or the only one that has this resource. */
  readonly preferred: boolean;
}

function resource<T extends o.KubeObject>(
  groupVersion: string,
  plural: string,
  kind: string,
  namespaced = true,
): Resource<T> {
  const [version = '', group = ''] = groupVersion.split('/').reverse();
  return { group, version, plural, kind, namespaced };
}

export const configMaps = resource<o.ConfigMap>('v1', 'configmaps', 'ConfigMap');
export const secrets = resource<o.Secret>('v1', 'secrets', 'Secret');
export const pods = resource<o.Pod>('v1', 'pods', 'Pod');
export const services = resource<o.Service>('v1', 'services', 'Service');
export const events = resource<o.Event>('v1', 'events', 'Event');
export const persistentVolumeClaims = resource<o.PersistentVolumeClaim>(
  'v1',
  'persistentvolumeclaims',
  'PersistentVolumeClaim',
);
export const persistentVolumes = resource<o.PersistentVolume>(
  'v1',
  'persistentvolumes',
  'PersistentVolume',
  false,
);
export const namespaces = resource<o.Namespace>('v1', 'namespaces', 'Namespace', false);
export const nodes = resource<o.Node>('v1', 'nodes', 'Node', false);
export const statefulSets = resource<o.StatefulSet>('apps/v1', 'statefulsets', 'StatefulSet');
export const deployments = resource<o.Deployment>('apps/v1', 'deployments', 'Deployment');
export const serviceAccounts = resource<o.KubeObject>('v1', 'serviceaccounts', 'ServiceAccount');
export const daemonSets = resource<o.KubeObject>('apps/v1', 'daemonsets', 'DaemonSet');
export const replicaSets = resource<o.KubeObject>('apps/v1', 'replicasets', 'ReplicaSet');
export const horizontalPodAutoscalers = resource<o.KubeObject>(
  'autoscaling/v2',
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
);
export const jobs = resource<o.Job>('batch/v1', 'jobs', 'Job');
export const cronJobs = resource<o.CronJob>('batch/v1', 'cronjobs', 'CronJob');
export const roles = resource<o.Role>('rbac.authorization.k8s.io/v1', 'roles', 'Role');
export const roleBindings = resource<o.RoleBinding>(
  'rbac.authorization.k8s.io/v1',
  'rolebindings',
  'RoleBinding',
);
export const leases = resource<o.Lease>('coordination.k8s.io/v1', 'leases', 'Lease');
export const resourceQuotas = resource<o.KubeObject>('v1', 'resourcequotas', 'ResourceQuota');
export const limitRanges = resource<o.KubeObject>('v1', 'limitranges', 'LimitRange');
export const networkPolicies = resource<o.NetworkPolicy>(
  'networking.k8s.io/v1',
  'networkpolicies',
  'NetworkPolicy',
);
export const storageClasses = resource<o.StorageClass>(
  'storage.k8s.io/v1',
  'storageclasses',
  'StorageClass',
  false,
);

export const volumeSnapshots = resource<o.VolumeSnapshot>(
  'snapshot.storage.k8s.io/v1',
  'volumesnapshots',
  'VolumeSnapshot',
);
export const volumeSnapshotClasses = resource<o.VolumeSnapshotClass>(
  'snapshot.storage.k8s.io/v1',
  'volumesnapshotclasses',
  'VolumeSnapshotClass',
  false,
);

/** `v1`, or `group/version`. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `pods`, or `statefulsets.apps`: how kubectl and RBAC messages name a resource. */
export function nameOf({ group, plural }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** `configmaps in namespace "y"`, for messages. */
export function collectionName(resource: Resource, namespace: string | undefined): string {
  return `${nameOf(resource)}${inNamespace(resource, namespace)}`;
}

/** `configmaps "x" in namespace "y"`, for messages. */
export function objectName(
  resource: Resource,
  { name, namespace }: { name: string; namespace?: string | undefined },
): string {
  return `${nameOf(resource)} "${name}"${inNamespace(resource, namespace)}`;
}

function inNamespace({ namespaced }: Resource, namespace: string | undefined): string {
  return namespaced && namespace !== undefined ? ` in namespace "${namespace}"` : '';
}

/**
 * The path of a collection or of one object, each part percent-encoded as it stands (a name keeps its case:
 * `MyRole:Admin` is a valid ClusterRole name).
 */
export function pathOf(
  resource: Resource,
  { namespace, name, subresource }: { namespace?: string | undefined; name?: string; subresource?: string },
): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const parts = [root, resource.version];
  if (resource.namespaced && namespace !== undefined) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(resource.plural);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  if (subresource !== undefined) parts.push(subresource);
  return parts.join('/');
}
