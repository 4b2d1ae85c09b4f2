/** Namespaces under other names on the replicas, and the references that have to follow. */
import type { KubeObject } from '../../../src/kube/objects.ts';
import { type Draft, groupKind, isJson, type Json } from './draft.ts';

/** Namespace on the primary → namespace on the replica; what is not in it keeps its name. */
export type NamespaceMap = ReadonlyMap<string, string>;

export const mapped = (map: NamespaceMap, namespace: string): string => map.get(namespace) ?? namespace;

/** Paths that hold a namespace's name; `[]` stands for every item of a list. */
const references: Readonly<Record<string, readonly string[]>> = {
  'RoleBinding.rbac.authorization.k8s.io': ['subjects[].namespace'],
  'ClusterRoleBinding.rbac.authorization.k8s.io': ['subjects[].namespace'],
  PersistentVolumeClaim: ['spec.dataSourceRef.namespace'],
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': ['webhooks[].clientConfig.service.namespace'],
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': [
    'webhooks[].clientConfig.service.namespace',
  ],
  'APIService.apiregistration.k8s.io': ['spec.service.namespace'],
  'CustomResourceDefinition.apiextensions.k8s.io': ['spec.conversion.webhook.clientConfig.service.namespace'],
  'Gateway.gateway.networking.k8s.io': ['spec.listeners[].tls.certificateRefs[].namespace'],
  'HTTPRoute.gateway.networking.k8s.io': [
    'spec.parentRefs[].namespace',
    'spec.rules[].backendRefs[].namespace',
  ],
  'ReferenceGrant.gateway.networking.k8s.io': ['spec.from[].namespace'],
  'ServiceMonitor.monitoring.coreos.com': ['spec.namespaceSelector.matchNames[]'],
  'PodMonitor.monitoring.coreos.com': ['spec.namespaceSelector.matchNames[]'],
  'NetworkPolicy.networking.k8s.io': [
    'spec.ingress[].from[].namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name',
    'spec.egress[].to[].namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name',
  ],
};

/** Moves a draft into its namespace on the replica and rewrites the references that the table knows. */
export function mapNamespaces(draft: Draft, map: NamespaceMap): void {
  if (map.size === 0) return;
  if (draft.metadata.namespace !== undefined)
    draft.metadata.namespace = mapped(map, draft.metadata.namespace);
  if (groupKind(draft) === 'Namespace') draft.metadata.name = mapped(map, draft.metadata.name);
  for (const path of references[groupKind(draft)] ?? []) rewrite(draft, keysOf(path), map);
}

/** `a[].b\.c` → `a`, `[]`, `b.c`. */
const keysOf = (path: string): string[] =>
  path
    .replaceAll('[]', '.[]')
    .split(/(?<!\\)\./)
    .map((key) => key.replaceAll('\\.', '.'));

function rewrite(value: unknown, [key, ...rest]: string[], map: NamespaceMap): void {
  if (key === '[]' && Array.isArray(value)) {
    for (const [index, item] of value.entries())
      step(value as unknown as Json, String(index), item, rest, map);
  } else if (key !== undefined && isJson(value) && key in value) step(value, key, value[key], rest, map);
}

function step(holder: Json, key: string, value: unknown, rest: string[], map: NamespaceMap): void {
  if (rest.length > 0) rewrite(value, rest, map);
  else if (typeof value === 'string') holder[key] = mapped(map, value);
}

/**
 * Mentions of a mapped namespace that nobody rewrites, because they are text: DNS names such as
 * `db.prod.svc` in environment variables, arguments and ConfigMaps. One finding a namespace.
 */
export function unmappedMentions(object: KubeObject, map: NamespaceMap): string[] {
  const moved = [...map].filter(([from, to]) => from !== to).map(([from]) => from);
  if (moved.length === 0) return [];
  const { metadata: _metadata, ...content } = object;
  const text = JSON.stringify(content);
  return moved.filter((from) => text.includes(`.${from}.svc`)).map((from) => `names .${from}.svc in a text`);
}
