/** The order in which kinds are written, so that what others need is there before them (Velero's, in short). */

/** The kind that makes kinds. */
export const definitions = 'CustomResourceDefinition.apiextensions.k8s.io';

const order: readonly (readonly string[])[] = [
  [definitions],
  ['Namespace'],
  ['PriorityClass.scheduling.k8s.io', 'StorageClass.storage.k8s.io', 'RuntimeClass.node.k8s.io'],
  ['ResourceQuota', 'LimitRange', 'NetworkPolicy.networking.k8s.io'],
  ['PersistentVolumeClaim'],
  ['ServiceAccount', 'ClusterRole.rbac.authorization.k8s.io', 'Role.rbac.authorization.k8s.io'],
  ['ClusterRoleBinding.rbac.authorization.k8s.io', 'RoleBinding.rbac.authorization.k8s.io'],
  ['Secret'],
  ['ConfigMap'],
  ['Service', 'Endpoints', 'EndpointSlice.discovery.k8s.io'],
];
const workloads: readonly (readonly string[])[] = [
  ['StatefulSet.apps', 'Deployment.apps', 'DaemonSet.apps'],
  ['Job.batch', 'CronJob.batch'],
  ['HorizontalPodAutoscaler.autoscaling', 'PodDisruptionBudget.policy', 'Ingress.networking.k8s.io'],
  [
    'MutatingWebhookConfiguration.admissionregistration.k8s.io',
    'ValidatingWebhookConfiguration.admissionregistration.k8s.io',
  ],
];

const rank = new Map<string, number>();
for (const [index, kinds] of order.entries()) for (const kind of kinds) rank.set(kind, index);
const unknown = order.length;
for (const [index, kinds] of workloads.entries())
  for (const kind of kinds) rank.set(kind, unknown + 1 + index);

/** The place of a kind (as `groupKind` writes it); kinds that nothing is known of come before workloads. */
export function rankOf(kind: string): number {
  return rank.get(kind) ?? unknown;
}

/** Whether others can't even be written before objects of this kind are there. */
export const isGround = (kind: string): boolean => rankOf(kind) <= rankOf('Namespace');

/** Kinds in waves: all of one wave may be written at once. */
export function inWaves<T>(things: Iterable<T>, kindOf: (thing: T) => string): T[][] {
  const waves = Map.groupBy(things, (thing) => rankOf(kindOf(thing)));
  return [...waves].sort(([a], [b]) => a - b).map(([, wave]) => wave);
}
