import { describe, expect, test } from '@jest/globals';
import { isEphemeralKind, skipReason, skipRules } from '../../../../../plugins/nsreplicate/objects/skip.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const of = (apiVersion: string, kind: string, metadata: object = {}, rest: object = {}): KubeObject => ({
  apiVersion,
  kind,
  ...rest,
  metadata: { name: 'x', namespace: 'n', ...metadata },
});

const managedBy = (manager: string) => ({ 'app.kubernetes.io/managed-by': manager });

const skipped: [reason: string, object: KubeObject][] = [
  ["the cluster's own state, not a wish", of('v1', 'Pod')],
  ['belongs to a task of this suite', of('v1', 'Secret', { labels: { 'x8s.dev/task': 't' } })],
  [
    'made by a controller from another object',
    of('v1', 'ConfigMap', { ownerReferences: [{ uid: 'u', controller: true }] }),
  ],
  ['a token of its own cluster', of('v1', 'Secret', {}, { type: 'kubernetes.io/service-account-token' })],
  ['a certificate of its own cluster', of('v1', 'ConfigMap', { name: 'kube-root-ca.crt' })],
  ["Helm's record of a release", of('v1', 'Secret', {}, { type: 'helm.sh/release.v1' })],
  [
    'endpoints that a controller keeps',
    of('discovery.k8s.io/v1', 'EndpointSlice', {
      labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
    }),
  ],
  [
    'the ServiceAccount that every namespace gets, unchanged',
    of('v1', 'ServiceAccount', { name: 'default' }),
  ],
  ["the API server's own Service", of('v1', 'Service', { name: 'kubernetes', namespace: 'default' })],
];

describe('what is skipped', () => {
  test.each(skipped)('%s', (reason, object) => {
    expect(skipReason(object)).toBe(reason);
  });

  test.each([
    ['a lock of a claim', of('v1', 'ConfigMap', { labels: managedBy('kubectl-x8sync') })],
    ['the namespace of our own state', of('v1', 'Namespace', { labels: managedBy('kubectl-nsreplicate') })],
  ])('%s belongs to this suite too', (_what, object) => {
    expect(skipReason(object)).toBe('belongs to a task of this suite');
  });

  test('what kubectl and a controller leave in the default ServiceAccount makes it no other', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}' };
    const secrets = [{ name: 'default-token-x7x7x' }];
    expect(
      skipReason(of('v1', 'ServiceAccount', { name: 'default', annotations }, { secrets })),
    ).toBeDefined();
  });

  test('every rule has a row here', () => {
    expect(skipped.map(([reason]) => reason)).toEqual(skipRules.map(({ reason }) => reason));
  });

  test.each<[string, KubeObject]>([
    ['a plain ConfigMap', of('v1', 'ConfigMap')],
    [
      'the default ServiceAccount, where it mounts no token',
      of('v1', 'ServiceAccount', { name: 'default' }, { automountServiceAccountToken: false }),
    ],
    [
      'the default ServiceAccount, where it may mount a Secret that a person made',
      of('v1', 'ServiceAccount', { name: 'default' }, { secrets: [{ name: 'mine' }] }),
    ],
    ['a copy of another task: chains work', of('v1', 'ConfigMap', { labels: { 'x8s.dev/replica-of': 't' } })],
    [
      'an object with an owner that does not control it',
      of('v1', 'ConfigMap', { ownerReferences: [{ uid: 'u' }] }),
    ],
    ['what another tool manages', of('v1', 'ConfigMap', { labels: managedBy('Helm') })],
    ['an Opaque Secret', of('v1', 'Secret', {}, { type: 'Opaque' })],
    [
      'a default ServiceAccount that pulls images',
      of('v1', 'ServiceAccount', { name: 'default' }, { imagePullSecrets: [{ name: 'r' }] }),
    ],
    ['endpoints that a person wrote', of('v1', 'Endpoints')],
    ['a Lease of another group', of('example.com/v1', 'Lease')],
  ])('is not: %s', (_what, object) => {
    expect(skipReason(object)).toBeUndefined();
  });

  test('kinds of which nothing is ever copied are known without an object', () => {
    expect(isEphemeralKind('Pod')).toBe(true);
    expect(isEphemeralKind('Secret')).toBe(false);
  });
});
