import { describe, expect, test } from '@jest/globals';
import type { Draft } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import { mapNamespaces, unmappedMentions } from '../../../../../plugins/nsreplicate/objects/mapping.ts';

const map = new Map([['prod', 'dr']]);
const draft = (object: object) => structuredClone(object) as Draft;

describe('namespace mapping', () => {
  test.each<[string, object, object]>([
    [
      'the namespace of the object',
      { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', namespace: 'prod' } },
      { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', namespace: 'dr' } },
    ],
    [
      'the namespace itself',
      { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'prod' } },
      { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'dr' } },
    ],
    [
      'subjects of a binding, others than ours untouched',
      {
        kind: 'RoleBinding',
        apiVersion: 'rbac.authorization.k8s.io/v1',
        metadata: { name: 'a', namespace: 'prod' },
        subjects: [{ namespace: 'prod' }, { namespace: 'other' }, { kind: 'User' }],
      },
      {
        kind: 'RoleBinding',
        apiVersion: 'rbac.authorization.k8s.io/v1',
        metadata: { name: 'a', namespace: 'dr' },
        subjects: [{ namespace: 'dr' }, { namespace: 'other' }, { kind: 'User' }],
      },
    ],
    [
      'a label of a network policy, whose key has dots',
      {
        kind: 'NetworkPolicy',
        apiVersion: 'networking.k8s.io/v1',
        metadata: { name: 'a', namespace: 'x' },
        spec: {
          ingress: [
            { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'prod' } } }] },
          ],
        },
      },
      {
        kind: 'NetworkPolicy',
        apiVersion: 'networking.k8s.io/v1',
        metadata: { name: 'a', namespace: 'x' },
        spec: {
          ingress: [
            { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'dr' } } }] },
          ],
        },
      },
    ],
    [
      'names in a list',
      {
        kind: 'ServiceMonitor',
        apiVersion: 'monitoring.coreos.com/v1',
        metadata: { name: 'a', namespace: 'x' },
        spec: { namespaceSelector: { matchNames: ['prod', 'b'] } },
      },
      {
        kind: 'ServiceMonitor',
        apiVersion: 'monitoring.coreos.com/v1',
        metadata: { name: 'a', namespace: 'x' },
        spec: { namespaceSelector: { matchNames: ['dr', 'b'] } },
      },
    ],
  ])('%s', (_what, given, expected) => {
    const object = draft(given);
    mapNamespaces(object, map);
    expect(object).toEqual(expected);
  });

  test('texts that name a mapped namespace are found, not rewritten', () => {
    const object = { metadata: { name: 'a' }, data: { url: 'http://db.prod.svc:80', other: 'db.dev.svc' } };
    expect(unmappedMentions(object, map)).toEqual(['names .prod.svc in a text']);
    expect(unmappedMentions(object, new Map())).toEqual([]);
  });
});

/** What becomes of a kind's fields beside its metadata. */
function mappedFields(kind: string, group: string, fields: object): object {
  const apiVersion = group === '' ? 'v1' : `${group}/v1`;
  const object = draft({ apiVersion, kind, metadata: { name: 'a', namespace: 'x' }, ...fields });
  mapNamespaces(object, map);
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = object;
  return rest;
}

const selector = (...values: string[]) => ({
  matchExpressions: [
    { key: 'kubernetes.io/metadata.name', operator: 'In', values },
    { key: 'tier', operator: 'In', values: ['prod'] },
  ],
});
const affinity = (name: string) => ({
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', namespaces: [name, 'b'] }],
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 1, podAffinityTerm: { namespaceSelector: selector(name), namespaces: [name] } },
    ],
  },
});

describe('references to a namespace that is another one on the replicas', () => {
  test.each<[string, string, (name: string) => object]>([
    [
      'RoleBinding',
      'rbac.authorization.k8s.io',
      (name) => ({
        subjects: [
          { kind: 'Group', name: `system:serviceaccounts:${name}` },
          { kind: 'User', name: `system:serviceaccount:${name}:robot` },
          { kind: 'Group', name: 'system:serviceaccounts:prod2' },
          { kind: 'Group', name: 'system:serviceaccounts' },
          { kind: 'User', name: 'prod' },
        ],
      }),
    ],
    [
      'ClusterRole',
      'rbac.authorization.k8s.io',
      (name) => ({
        rules: [
          { resources: ['namespaces'], resourceNames: [name, 'b'] },
          { resources: ['users'], resourceNames: [`system:serviceaccount:${name}:robot`] },
          { resources: ['configmaps'], resourceNames: ['prod'] },
        ],
      }),
    ],
    [
      'NetworkPolicy',
      'networking.k8s.io',
      (name) => ({
        spec: {
          podSelector: {},
          ingress: [{ from: [{ namespaceSelector: selector(name, 'b') }] }],
          egress: [
            {
              to: [
                { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name, a: 'prod' } } },
              ],
            },
          ],
        },
      }),
    ],
    ['Deployment', 'apps', (name) => ({ spec: { template: { spec: { affinity: affinity(name) } } } })],
    [
      'CronJob',
      'batch',
      (name) => ({ spec: { jobTemplate: { spec: { template: { spec: { affinity: affinity(name) } } } } } }),
    ],
    [
      'FlowSchema',
      'flowcontrol.apiserver.k8s.io',
      (name) => ({
        spec: {
          rules: [
            {
              subjects: [
                { kind: 'ServiceAccount', serviceAccount: { name: 'robot', namespace: name } },
                { kind: 'Group', group: { name: `system:serviceaccounts:${name}` } },
              ],
              resourceRules: [{ namespaces: [name, '*'] }],
            },
          ],
        },
      }),
    ],
    [
      'ValidatingAdmissionPolicyBinding',
      'admissionregistration.k8s.io',
      (name) => ({
        spec: {
          paramRef: { name: 'p', namespace: name },
          matchResources: { namespaceSelector: selector(name) },
        },
      }),
    ],
    [
      'StorageClass',
      'storage.k8s.io',
      (name) => ({
        parameters: { 'csi.storage.k8s.io/provisioner-secret-namespace': name, pool: 'prod' },
      }),
    ],
    [
      'Gateway',
      'gateway.networking.k8s.io',
      (name) => ({
        spec: {
          listeners: [
            {
              allowedRoutes: { namespaces: { from: 'Selector', selector: selector(name) } },
              tls: { certificateRefs: [{ name: 'cert', namespace: name }] },
            },
          ],
        },
      }),
    ],
    [
      'GRPCRoute',
      'gateway.networking.k8s.io',
      (name) => ({
        spec: {
          parentRefs: [{ name: 'gateway', namespace: name }],
          rules: [{ filters: [{ requestMirror: { backendRef: { name: 'b', namespace: name } } }] }],
        },
      }),
    ],
    [
      'Anything',
      'example.com',
      (name) => ({ spec: { who: { matchLabels: { 'kubernetes.io/metadata.name': name } } } }),
    ],
  ])('in a %s of %s', (kind, group, fields) => {
    expect(mappedFields(kind, group, fields('prod'))).toEqual(fields('dr'));
    const object = { apiVersion: `${group}/v1`, kind, metadata: { name: 'a', namespace: 'prod' } };
    expect(unmappedMentions({ ...object, ...fields('prod') }, map)).toEqual([]);
  });
});

describe('mentions of which it can not be known what they mean', () => {
  const mentions = (fields: object, annotations: Record<string, string> = {}) =>
    unmappedMentions(
      { kind: 'A', apiVersion: 'x/v1', metadata: { name: 'prod', annotations }, ...fields },
      map,
    );

  test.each<[string, object, string[]]>([
    [
      'a field of an unknown kind',
      { spec: { targetNamespace: 'prod' } },
      ['names prod in spec.targetNamespace'],
    ],
    ['a list of such', { spec: { namespaces: ['b', 'prod'] } }, ['names prod in spec.namespaces']],
    [
      'an environment variable',
      { env: [{ name: 'POD_NAMESPACE', value: 'prod' }] },
      ['names prod as POD_NAMESPACE'],
    ],
    ['an argument', { args: ['--namespace=prod'] }, ['names namespace prod in a text']],
    ['a text', { data: { x: 'a\n  namespace: "prod"\n' } }, ['names namespace prod in a text']],
    [
      'a condition',
      { cel: "request.userInfo.username == 'system:serviceaccount:prod:a'" },
      ['names ServiceAccounts of prod in a text'],
    ],
    ['an image, a name', { image: 'prod/web', name: 'prod', url: 'prod.example.com' }, []],
    ['another namespace', { spec: { namespace: 'prod2' }, args: ['namespace=prod-b'] }, []],
  ])('%s', (_what, fields, expected) => {
    expect(mentions(fields)).toEqual(expected);
  });

  test('an annotation, but not what kubectl or this tool remembers there', () => {
    const origin = 'of=A.x/prod/a cluster=1 task=t namespace=prod uid=2 applied=3 sequence=4';
    expect(mentions({}, { 'x8s.dev/origin': origin })).toEqual([]);
    expect(mentions({}, { 'example.com/origin': origin })).toEqual(['names namespace prod in a text']);
    const remembered = '{"metadata":{"namespace":"prod"},"url":"a.prod.svc"}';
    expect(mentions({}, { 'kubectl.kubernetes.io/last-applied-configuration': remembered })).toEqual([]);
    expect(mentions({}, { 'cert-manager.io/inject-ca-from': 'prod/cert' })).toEqual([
      'names prod/… in an annotation',
    ]);
  });

  test('a name that is none of a namespace is looked for as it is written', () => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: { x: 'namespace: *' },
    };
    expect(unmappedMentions(object, new Map([['*', 'dr']]))).toEqual(['names namespace * in a text']);
  });

  test('where two namespaces change places, what was rewritten is none', () => {
    const swap = new Map([
      ['prod', 'dr'],
      ['dr', 'prod'],
    ]);
    const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' } };
    expect(unmappedMentions({ ...object, secrets: [{ namespace: 'dr' }] }, swap)).toEqual([]);
  });
});
