/**
 * Where objects name a namespace. The built-in kinds are all fields of Kubernetes 1.34's OpenAPI document whose name has
 * "namespace" in it, but those that name something else (hostNetwork's relatives, StorageOS) and those of kinds that are
 * never copied; the Gateway API's are those of its CRDs (channel "experimental", August 2026).
 */

/** Paths: `[]` stands for every item of a list, and `\.` for a dot that is part of a key. */
export interface References {
  /** Fields that are a namespace's name. */
  readonly names?: readonly string[];
  /** Fields that may be a ServiceAccount's user or group name: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly accounts?: readonly string[];
}

const affinityTerms = ['podAffinity', 'podAntiAffinity'].flatMap((affinity) => [
  `affinity.${affinity}.requiredDuringSchedulingIgnoredDuringExecution[].namespaces[]`,
  `affinity.${affinity}.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm.namespaces[]`,
]);

/** Of a pod template. */
const template = (at: string): string[] =>
  [
    'metadata.namespace',
    'spec.volumes[].ephemeral.volumeClaimTemplate.metadata.namespace',
    'spec.volumes[].ephemeral.volumeClaimTemplate.spec.dataSourceRef.namespace',
    ...affinityTerms.map((term) => `spec.${term}`),
  ].map((path) => `${at}.${path}`);

const workload: References = { names: template('spec.template') };
const binding: References = { names: ['subjects[].namespace'], accounts: ['subjects[].name'] };
/** Where it may be said whom somebody may impersonate. */
const role: References = { accounts: ['rules[].resourceNames[]'] };
const webhooks: References = { names: ['webhooks[].clientConfig.service.namespace'] };
const targets = 'targetRef.namespace';

/** The Container Storage Interface's own parameters (kubernetes-csi.github.io, "Secrets and credentials"). */
const csiParameters = [
  'provisioner',
  'controller-publish',
  'node-stage',
  'node-publish',
  'controller-expand',
  'node-expand',
].map((use) => `parameters.csi\\.storage\\.k8s\\.io/${use}-secret-namespace`);

const route = ['spec.parentRefs[].namespace', 'spec.rules[].backendRefs[].namespace'];
/** Of routes whose rules and backends have filters. */
const filters = ['spec.rules[]', 'spec.rules[].backendRefs[]'].flatMap((at) =>
  ['requestMirror', 'externalAuth'].map((filter) => `${at}.filters[].${filter}.backendRef.namespace`),
);
const certificates = 'spec.listeners[].tls.certificateRefs[].namespace';

/** By kind, as `groupKind` writes it. */
const byKind: Readonly<Record<string, References>> = {
  Endpoints: {
    names: ['addresses', 'notReadyAddresses'].map((list) => `subsets[].${list}[].${targets}`),
  },
  PersistentVolumeClaim: { names: ['spec.dataSourceRef.namespace'] },
  PodTemplate: { names: template('template') },
  ReplicationController: workload,
  ServiceAccount: { names: ['secrets[].namespace'] },
  'DaemonSet.apps': workload,
  'Deployment.apps': workload,
  'StatefulSet.apps': {
    names: [
      ...template('spec.template'),
      'spec.volumeClaimTemplates[].metadata.namespace',
      'spec.volumeClaimTemplates[].spec.dataSourceRef.namespace',
    ],
  },
  'Job.batch': workload,
  'CronJob.batch': {
    names: ['spec.jobTemplate.metadata.namespace', ...template('spec.jobTemplate.spec.template')],
  },
  'EndpointSlice.discovery.k8s.io': { names: [`endpoints[].${targets}`] },
  'IngressClass.networking.k8s.io': { names: ['spec.parameters.namespace'] },
  'StorageClass.storage.k8s.io': { names: csiParameters },
  'ResourceClaimTemplate.resource.k8s.io': { names: ['spec.metadata.namespace'] },
  'RoleBinding.rbac.authorization.k8s.io': binding,
  'ClusterRoleBinding.rbac.authorization.k8s.io': binding,
  'Role.rbac.authorization.k8s.io': role,
  'ClusterRole.rbac.authorization.k8s.io': role,
  'FlowSchema.flowcontrol.apiserver.k8s.io': {
    names: ['spec.rules[].resourceRules[].namespaces[]', 'spec.rules[].subjects[].serviceAccount.namespace'],
    accounts: ['spec.rules[].subjects[].user.name', 'spec.rules[].subjects[].group.name'],
  },
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': webhooks,
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': webhooks,
  'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io': { names: ['spec.paramRef.namespace'] },
  'MutatingAdmissionPolicyBinding.admissionregistration.k8s.io': { names: ['spec.paramRef.namespace'] },
  'APIService.apiregistration.k8s.io': { names: ['spec.service.namespace'] },
  'CustomResourceDefinition.apiextensions.k8s.io': {
    names: ['spec.conversion.webhook.clientConfig.service.namespace'],
  },

  'GatewayClass.gateway.networking.k8s.io': { names: ['spec.parametersRef.namespace'] },
  'Gateway.gateway.networking.k8s.io': {
    names: [
      certificates,
      'spec.tls.backend.clientCertificateRef.namespace',
      'spec.tls.frontend.default.validation.caCertificateRefs[].namespace',
      'spec.tls.frontend.perPort[].tls.validation.caCertificateRefs[].namespace',
    ],
  },
  'ListenerSet.gateway.networking.k8s.io': { names: [certificates, 'spec.parentRef.namespace'] },
  'HTTPRoute.gateway.networking.k8s.io': { names: [...route, ...filters] },
  'GRPCRoute.gateway.networking.k8s.io': { names: [...route, ...filters] },
  'TCPRoute.gateway.networking.k8s.io': { names: route },
  'TLSRoute.gateway.networking.k8s.io': { names: route },
  'UDPRoute.gateway.networking.k8s.io': { names: route },
  'ReferenceGrant.gateway.networking.k8s.io': { names: ['spec.from[].namespace'] },
  'XBackend.gateway.networking.x-k8s.io': { names: ['spec.tls.clientCertificateRef.namespace'] },
  'XMesh.gateway.networking.x-k8s.io': { names: ['spec.parametersRef.namespace'] },

  'ServiceMonitor.monitoring.coreos.com': { names: ['spec.namespaceSelector.matchNames[]'] },
  'PodMonitor.monitoring.coreos.com': { names: ['spec.namespaceSelector.matchNames[]'] },
};

/** A path, one key a part. */
type Keys = readonly string[];

/** The paths of a kind. */
export interface ReferencePaths {
  readonly names: readonly Keys[];
  readonly accounts: readonly Keys[];
}

/** `a[].b\.c` → `a`, `[]`, `b.c`. */
const keysOf = (path: string): Keys =>
  path
    .replaceAll('[]', '.[]')
    .split(/(?<!\\)\./)
    .map((key) => key.replaceAll('\\.', '.'));

const paths = new Map<string, ReferencePaths>(
  Object.entries(byKind).map(([kind, { names = [], accounts = [] }]) => [
    kind,
    { names: names.map(keysOf), accounts: accounts.map(keysOf) },
  ]),
);

/** Where objects of a kind, as `groupKind` writes it, name namespaces; undefined where nothing is known of it. */
export const referencesOf = (kind: string): ReferencePaths | undefined => paths.get(kind);
