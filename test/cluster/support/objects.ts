/** Objects that tests copy, and the tests' own idea of when two of them are the same. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';

/** What an object says, without what a cluster adds to it: the tests' own idea of "the same". */
export function essence({ metadata, status: _status, ...rest }: KubeObject): Record<string, unknown> {
  const { apiVersion: _version, kind: _kind, ...content } = rest;
  const own = (map: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(
      Object.entries(map).filter(([key]) => !/^(x8s\.dev|kubectl\.kubernetes\.io)\//.test(key)),
    );
  return { ...content, labels: own(metadata.labels), annotations: own(metadata.annotations) };
}

export const configMap = (name: string, data: Record<string, string>, metadata = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

/** So many ConfigMaps, `o-0` and on. */
export const numbered = (count: number, value: string): KubeObject[] =>
  Array.from({ length: count }, (_, index) => configMap(`o-${index}`, { value }));

export const secret = (name: string, stringData: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  type: 'Opaque',
  data: Object.fromEntries(
    Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
});

const labels = { app: 'test' };

/** A Deployment or StatefulSet of no pods. */
export const workload = (kind: 'Deployment' | 'StatefulSet', name: string, spec = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: {
    replicas: 0,
    selector: { matchLabels: labels },
    ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
    template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'test.invalid/none' }] } },
    ...spec,
  },
});

/** A suspended Job: no pod of it is made. */
export const job = (name: string, spec = {}): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: {
    suspend: true,
    template: {
      spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'test.invalid/none' }] },
    },
    ...spec,
  },
});

export const claim = (name: string, spec = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } }, ...spec },
});

/** A kind of one's own, `Widget` of a group, that takes whatever it is given, with a status. */
export const widgets = (group: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});
