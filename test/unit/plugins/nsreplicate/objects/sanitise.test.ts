import { describe, expect, test } from '@jest/globals';
import { sanitise, sanitiseRules } from '../../../../../plugins/nsreplicate/objects/sanitise.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const object = (apiVersion: string, kind: string, rest: Record<string, unknown> = {}): KubeObject => ({
  apiVersion,
  kind,
  ...rest,
  metadata: { name: 'x', namespace: 'n', ...(rest.metadata as object) },
});
const bare = { name: 'x', namespace: 'n' };

/** One row a rule: what is given, what is left. */
const table: [what: string, given: KubeObject, left: Record<string, unknown>][] = [
  [
    'fields that the API server sets',
    object('v1', 'ConfigMap', {
      metadata: {
        uid: 'u',
        resourceVersion: '1',
        generation: 2,
        creationTimestamp: 't',
        deletionTimestamp: 't',
        deletionGracePeriodSeconds: 3,
        selfLink: '/x',
        generateName: 'x-',
        managedFields: [{}],
        labels: { a: 'b' },
      },
      data: { k: 'v' },
    }),
    { metadata: { ...bare, labels: { a: 'b' } }, data: { k: 'v' } },
  ],
  [
    'owners: their uids mean nothing elsewhere',
    object('v1', 'ConfigMap', { metadata: { ownerReferences: [{ uid: 'u' }] } }),
    { metadata: bare },
  ],
  [
    'finalizers: their controllers may not be there',
    object('v1', 'ConfigMap', { metadata: { finalizers: ['a/b'] } }),
    { metadata: bare },
  ],
  [
    'status',
    object('v1', 'Service', { spec: { type: 'ExternalName' }, status: {} }),
    { metadata: bare, spec: { type: 'ExternalName' } },
  ],
  [
    "kubectl apply's memory",
    object('v1', 'ConfigMap', {
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', keep: 'me' } },
    }),
    { metadata: { ...bare, annotations: { keep: 'me' } } },
  ],
  [
    'for what a workload stands still',
    object('v1', 'ConfigMap', { metadata: { annotations: { 'x8s.dev/stopped-by': '{}', keep: 'me' } } }),
    { metadata: { ...bare, annotations: { keep: 'me' } } },
  ],
  [
    'the provenance of an earlier replication',
    object('v1', 'ConfigMap', {
      metadata: {
        labels: { 'x8s.dev/replica-of': 't' },
        annotations: { 'x8s.dev/origin': '{}' },
      },
    }),
    { metadata: bare },
  ],
  [
    'what a namespace gets from its own cluster',
    object('v1', 'Namespace', {
      metadata: {
        labels: { 'kubernetes.io/metadata.name': 'x', 'pod-security.kubernetes.io/enforce': 'restricted' },
        annotations: { 'openshift.io/sa.scc.uid-range': '1/2' },
      },
      spec: { finalizers: ['kubernetes'] },
    }),
    { metadata: { ...bare, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
  ],
  [
    'revision counters',
    object('apps/v1', 'Deployment', {
      metadata: {
        annotations: {
          'deployment.kubernetes.io/revision': '3',
          'deployment.kubernetes.io/revision-history': '1,2',
        },
      },
      spec: { replicas: 1 },
    }),
    { metadata: bare, spec: { replicas: 1 } },
  ],
  [
    'how often a DaemonSet was changed',
    object('apps/v1', 'DaemonSet', {
      metadata: { annotations: { 'deprecated.daemonset.template.generation': '3', note: 'a' } },
      spec: {},
    }),
    { metadata: { ...bare, annotations: { note: 'a' } }, spec: {} },
  ],
  [
    'the timestamp that old clients leave in templates',
    object('apps/v1', 'DaemonSet', {
      spec: { template: { metadata: { creationTimestamp: null, labels: { a: 'b' } }, spec: {} } },
    }),
    { metadata: bare, spec: { template: { metadata: { labels: { a: 'b' } }, spec: {} } } },
  ],
  [
    'status of claim templates',
    object('apps/v1', 'StatefulSet', {
      spec: {
        volumeClaimTemplates: [
          { metadata: { name: 'd', creationTimestamp: null }, spec: { a: 1 }, status: { phase: 'Pending' } },
        ],
      },
    }),
    { metadata: bare, spec: { volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: { a: 1 } }] } },
  ],
  [
    'replicas that an autoscaler sets',
    object('apps/v1', 'Deployment', { metadata: { name: 'scaled' }, spec: { replicas: 3, paused: true } }),
    { metadata: { name: 'scaled', namespace: 'n' }, spec: { paused: true } },
  ],
  [
    'the volume that a claim is bound to, and how it came to it',
    object('v1', 'PersistentVolumeClaim', {
      metadata: {
        annotations: {
          'pv.kubernetes.io/bind-completed': 'yes',
          'pv.kubernetes.io/bound-by-controller': 'yes',
          'volume.kubernetes.io/storage-provisioner': 'p',
          'volume.beta.kubernetes.io/storage-provisioner': 'p',
          'volume.kubernetes.io/selected-node': 'n1',
        },
      },
      spec: { volumeName: 'pv', accessModes: ['ReadWriteOnce'] },
    }),
    { metadata: bare, spec: { accessModes: ['ReadWriteOnce'] } },
  ],
  [
    'addresses and ports that the cluster chose',
    object('v1', 'Service', {
      metadata: {
        managedFields: [
          {
            fieldsV1: { 'f:spec': { 'f:ports': { 'k:{"port":2,"protocol":"TCP"}': { 'f:nodePort': {} } } } },
          },
        ],
      },
      spec: {
        clusterIP: '10.0.0.1',
        clusterIPs: ['10.0.0.1'],
        healthCheckNodePort: 30009,
        ports: [
          { port: 1, protocol: 'TCP', nodePort: 30001 },
          { port: 2, protocol: 'TCP', nodePort: 30002 },
        ],
      },
    }),
    {
      metadata: bare,
      spec: {
        ports: [
          { port: 1, protocol: 'TCP' },
          { port: 2, protocol: 'TCP', nodePort: 30002 },
        ],
      },
    },
  ],
  [
    'certificate bundles that an injector of the cluster put in',
    object('apiregistration.k8s.io/v1', 'APIService', {
      metadata: { annotations: { 'cert-manager.io/inject-ca-from': 'a/b' } },
      spec: { service: { name: 's' }, caBundle: 'Y2E=' },
    }),
    {
      metadata: { ...bare, annotations: { 'cert-manager.io/inject-ca-from': 'a/b' } },
      spec: { service: { name: 's' } },
    },
  ],
  [
    'token Secrets that a controller made',
    object('v1', 'ServiceAccount', {
      secrets: [{ name: 'x-token-abcde' }, { name: 'mine' }],
      imagePullSecrets: [{ name: 'x-dockercfg-abcde' }],
    }),
    { metadata: bare, secrets: [{ name: 'mine' }] },
  ],
  [
    "a Job's generated selector and labels",
    object('batch/v1', 'Job', {
      metadata: { labels: { 'job-name': 'x', own: '1' } },
      spec: {
        selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } },
        template: {
          metadata: { labels: { 'controller-uid': 'u', 'batch.kubernetes.io/job-name': 'x', app: 'a' } },
        },
      },
    }),
    {
      metadata: { ...bare, labels: { own: '1' } },
      spec: { template: { metadata: { labels: { app: 'a' } } } },
    },
  ],
  [
    'when a finished Job is deleted: the copy goes with its original',
    object('batch/v1', 'Job', { spec: { parallelism: 1, ttlSecondsAfterFinished: 5 } }),
    { metadata: bare, spec: { parallelism: 1 } },
  ],
  [
    'rules that aggregation fills in',
    object('rbac.authorization.k8s.io/v1', 'ClusterRole', { aggregationRule: {}, rules: [{}] }),
    { metadata: bare, aggregationRule: {} },
  ],
];

describe('sanitising', () => {
  test.each(table)('%s', (_what, given, left) => {
    const { apiVersion, kind, ...rest } = sanitise(given, {
      isAutoscaled: ({ metadata }) => metadata.name === 'scaled',
    });
    expect([apiVersion, kind]).toEqual([given.apiVersion, given.kind]);
    expect(rest).toEqual(left);
  });

  test('the port of a health check stays where it was asked for', () => {
    const managedFields = [{ fieldsV1: { 'f:spec': { 'f:healthCheckNodePort': {} } } }];
    const spec = { healthCheckNodePort: 30009 };
    expect(sanitise(object('v1', 'Service', { metadata: { managedFields }, spec })).spec).toEqual(spec);
  });

  test('every rule has a row here', () => {
    expect(table.map(([what]) => what)).toEqual(sanitiseRules.map(({ what }) => what));
  });

  test('a headless Service keeps None, a Job with its own selector keeps that', () => {
    const headless = object('v1', 'Service', { spec: { clusterIP: 'None', clusterIPs: ['None'] } });
    expect(sanitise(headless).spec).toEqual({ clusterIP: 'None', clusterIPs: ['None'] });
    const job = object('batch/v1', 'Job', {
      spec: { manualSelector: true, selector: { matchLabels: { a: 'b' } } },
    });
    expect(sanitise(job).spec).toEqual(job.spec);
  });

  test.each(table)('leaves the original alone, and is done after once: %s', (_what, given) => {
    const before = structuredClone(given);
    const once = sanitise(given);
    expect(given).toEqual(before);
    // Without managedFields nobody knows any more which ports were asked for.
    if (given.kind !== 'Service') expect(sanitise(once)).toEqual(once);
  });
});
