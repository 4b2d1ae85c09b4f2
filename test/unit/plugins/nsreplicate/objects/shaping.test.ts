import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { mainPart, makesObjects, statusPart } from '../../../../../plugins/nsreplicate/objects/carry.ts';
import { copyOf, liveDigest, type Shaping } from '../../../../../plugins/nsreplicate/objects/copy.ts';
import { digestOf, digestOfAll } from '../../../../../plugins/nsreplicate/objects/digest.ts';
import type { Draft } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import { inWaves, rankOf } from '../../../../../plugins/nsreplicate/objects/order.ts';
import { compileOverride, override } from '../../../../../plugins/nsreplicate/objects/overrides.ts';
import {
  borneProvenanceOf,
  nextOrigin,
  type Origin,
  provenanceOf,
  writeProvenance,
  wroteProvenance,
} from '../../../../../plugins/nsreplicate/objects/provenance.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { X8sError } from '../../../../../src/errors.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const map = new Map([['prod', 'dr']]);
const draft = (object: object) => structuredClone(object) as Draft;

describe('order', () => {
  test('what others need comes first', () => {
    const kinds = [
      'Deployment.apps',
      'ConfigMap',
      'Widget.example.com',
      'Namespace',
      'Secret',
      'PersistentVolumeClaim',
    ];
    expect(inWaves(kinds, (kind) => kind)).toEqual([
      ['Namespace'],
      ['PersistentVolumeClaim'],
      ['Secret'],
      ['ConfigMap'],
      ['Widget.example.com'],
      ['Deployment.apps'],
    ]);
    expect(rankOf('CustomResourceDefinition.apiextensions.k8s.io')).toBeLessThan(rankOf('Namespace'));
  });
});

const key = new Uint8Array(32).fill(7);
const otherKey = new Uint8Array(32).fill(8);

describe('digests', () => {
  test('do not depend on the order of keys', () => {
    const a = { kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '1', b: '2' } };
    const b = { data: { b: '2', a: '1' }, metadata: { name: 'x' }, kind: 'ConfigMap' };
    expect(digestOf(a, key)).toBe(digestOf(b, key));
    expect(digestOf({ ...a, data: { a: '1' } }, key)).not.toBe(digestOf(a, key));
  });

  test('are keyed for Secrets and for nothing else', () => {
    const secret = { kind: 'Secret', metadata: { name: 'x' }, data: { p: 'aGk=' } };
    expect(digestOf(secret, key)).not.toBe(digestOf(secret, otherKey));
    const plain = { kind: 'ConfigMap', metadata: { name: 'x' } };
    expect(digestOf(plain, key)).toBe(digestOf(plain, otherKey));
  });

  test('are 128 bits as copies have borne them so far, whatever their last bits are', () => {
    const ends = new Set<string>();
    for (let index = 0; index < 64; index++) {
      const object = { kind: 'ConfigMap', metadata: { name: `x${index}` } };
      const bytes = createHash('sha256')
        .update(`{"kind":"ConfigMap","metadata":{"name":"x${index}"}}`)
        .digest();
      const digest = digestOf(object, key);
      expect(digest).toBe(`d1:${bytes.subarray(0, 16).toString('base64url')}`);
      ends.add(digest.slice(-1));
    }
    expect(ends.size).toBe(4);
    const secret = createHmac('sha256', key).update('{"kind":"Secret","metadata":{"name":"x"}}').digest();
    expect(digestOf({ kind: 'Secret', metadata: { name: 'x' } }, key)).toBe(
      `k1:${secret.subarray(0, 16).toString('base64url')}`,
    );
  });

  test('of a set do not depend on its order', () => {
    expect(
      digestOfAll([
        ['a', '1'],
        ['b', '2'],
      ]),
    ).toBe(
      digestOfAll([
        ['b', '2'],
        ['a', '1'],
      ]),
    );
    expect(digestOfAll([['a', '1']])).not.toBe(digestOfAll([['a', '2']]));
  });
});

describe('what a rule carries', () => {
  const object = draft({
    apiVersion: 'v1',
    kind: 'Widget',
    metadata: { name: 'x', namespace: 'n', labels: { a: 'b' } },
    spec: { one: 1, two: 2 },
    status: { ready: true },
  });
  test('named fields, and nothing beside them', () => {
    const carry = {
      what: 'fields' as const,
      fields: [
        ['spec', 'one'],
        ['spec', 'gone'],
      ],
      status: false,
    };
    expect(mainPart(object, carry)).toEqual({
      apiVersion: 'v1',
      kind: 'Widget',
      metadata: { name: 'x', namespace: 'n' },
      spec: { one: 1 },
    });
    expect(makesObjects(carry)).toBe(false);
    expect(makesObjects({ ...carry, fields: [['spec']] })).toBe(true);
  });
  test('the status alone goes through its subresource', () => {
    expect(mainPart(object, { what: 'status' })).toBeUndefined();
    expect(statusPart(object, object, { what: 'status' })).toEqual({
      apiVersion: 'v1',
      kind: 'Widget',
      metadata: { name: 'x', namespace: 'n' },
      status: { ready: true },
    });
    expect(statusPart(object, object, { what: 'whole', status: false })).toBeUndefined();
  });
});

describe('origins', () => {
  const first = { cluster: 'A', task: 't', namespace: 'n', uid: 'u1', replica: 'B' };
  const inB: Origin = nextOrigin(first, undefined);
  test('a chain remembers its way', () => {
    const inC = nextOrigin({ ...first, cluster: 'B', uid: 'u2', replica: 'C' }, inB);
    expect(inC).toEqual({ cluster: 'B', task: 't', namespace: 'n', uid: 'u2', via: ['A'] });
    const inD = nextOrigin({ ...first, cluster: 'C', uid: 'u3', replica: 'D' }, inC);
    expect(inD.via).toEqual(['A', 'B']);
  });
  test('failing back and forth makes it no longer', () => {
    const backInA = nextOrigin({ ...first, cluster: 'B', uid: 'u2', replica: 'A' }, inB);
    expect(backInA.via).toEqual([]);
    expect(nextOrigin(first, backInA).via).toEqual([]);
  });
});

describe('copies', () => {
  const shaping: Shaping = { task: 't', primary: 'A', map, overrides: [], key };
  const deployment: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'prod', uid: 'u', labels: { tier: 'front' } },
    spec: { replicas: 3 },
    status: { replicas: 3 },
  };
  const rule = ruleFor('apps', 'Deployment');
  const zero = compileOverride({
    replicas: ['b*'],
    group: 'apps',
    kinds: ['Deployment'],
    namespaces: [],
    names: [],
    selector: [{ key: 'tier', operator: 'in', values: ['front'] }],
    patch: [{ op: 'replace', path: '/spec/replicas', value: 0 }],
  });

  test('bear their origin and the digest of all but their provenance', () => {
    const copy = copyOf(deployment, rule, { name: 'b', cluster: 'B' }, shaping);
    expect(copy.main?.metadata).toMatchObject({
      name: 'web',
      namespace: 'dr',
      labels: { tier: 'front', 'x8s.dev/replica-of': 't' },
    });
    const provenance = provenanceOf(copy.main as KubeObject);
    expect(provenance).toEqual({
      origin: { cluster: 'A', task: 't', namespace: 'prod', uid: 'u', via: [] },
      applied: copy.digest,
      sequence: 0,
    });
    expect(liveDigest(copy.main as KubeObject, rule, shaping)).toBe(copy.digest);
    expect(copy.status).toBeUndefined();
  });

  test('an override changes what is written to the replicas it is for', () => {
    const overridden = { ...shaping, overrides: [zero] };
    const onB = copyOf(deployment, rule, { name: 'b', cluster: 'B' }, overridden);
    const onC = copyOf(deployment, rule, { name: 'c', cluster: 'C' }, overridden);
    expect(onB.main?.spec).toEqual({ replicas: 0 });
    expect(onC.main?.spec).toEqual({ replicas: 3 });
    expect(onB.digest).not.toBe(onC.digest);
    expect(deployment.spec).toEqual({ replicas: 3 });
  });

  test.each([
    [{ op: 'replace' as const, path: '/spec/nope/deep', value: 1 }, /does not fit Deployment dr\/web/],
    [{ op: 'replace' as const, path: '/metadata/name', value: 'other' }, /would rename/],
  ])('an override that can not be: %j', (operation, message) => {
    const bad = compileOverride({ ...zero.override, patch: [operation] });
    const attempt = () =>
      copyOf(deployment, rule, { name: 'b', cluster: 'B' }, { ...shaping, overrides: [bad] });
    expect(attempt).toThrow(X8sError);
    expect(attempt).toThrow(message);
  });

  test('an override whose test fails does not say what the value is', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { key: 'aHVudGVyMg==' },
    };
    const patch = [{ op: 'test' as const, path: '/data/key', value: 'b3RoZXI=' }];
    const attempt = () => override(secret, [{ ...zero.override, patch }]);
    expect(attempt).toThrow(/does not fit Secret \/s: the test of \/data\/key failed\.$/);
  });

  test('provenance says all of where a copy came from, without a character that would have to be escaped', () => {
    const draft: Draft = { metadata: { name: 'x' } };
    const origin = { cluster: 'A', task: 't', namespace: 'prod', uid: 'u', via: ['C', 'B'] };
    const { namespace: _namespace, ...clusterWide } = { ...origin, via: [] };
    for (const made of [
      { origin, applied: 'k1:a-_=', sequence: 12 },
      { origin: clusterWide, applied: 'd1:x', sequence: 0 },
    ]) {
      writeProvenance(draft, made);
      expect(provenanceOf(draft)).toEqual(made);
      expect(draft.metadata.annotations?.['x8s.dev/origin']).toMatch(/^[\w=:,/-]+( [\w=:,/-]+)*$/);
    }
  });

  test('provenance whose label is gone counts for nothing', () => {
    const copy = copyOf(deployment, rule, { name: 'b', cluster: 'B' }, shaping);
    const bearing = (metadata: object) => provenanceOf({ metadata: { name: 'web', ...metadata } });
    expect(bearing({ ...copy.main?.metadata, labels: {} })).toBeUndefined();
    expect(
      bearing({ labels: { 'x8s.dev/replica-of': 't' }, annotations: { 'x8s.dev/origin': 'task=t' } }),
    ).toBeUndefined();
  });

  test.each<[string, object, object]>([
    ['another name', {}, { name: 'other' }],
    ['another namespace', {}, { namespace: 'other' }],
    ['another kind', { kind: 'StatefulSet' }, {}],
    ['another group', { apiVersion: 'example.com/v1' }, {}],
  ])("an object of %s that bears provenance is nobody's copy", (_what, object, metadata) => {
    const { main } = copyOf(deployment, rule, { name: 'b', cluster: 'B' }, shaping);
    const copied = { ...main, ...object, metadata: { ...main?.metadata, ...metadata } } as KubeObject;
    expect(provenanceOf(copied)).toBeUndefined();
    expect(borneProvenanceOf(copied)).toMatchObject({ own: false, provenance: { origin: { task: 't' } } });
  });

  test('a name with spaces, as roles may have it, is named', () => {
    const draft: Draft = { apiVersion: 'v1', kind: 'Role', metadata: { name: 'a "b" of=c', namespace: 'n' } };
    const origin = { cluster: 'A', task: 't', uid: 'u', via: [] };
    writeProvenance(draft, { origin, applied: 'd', sequence: 1 });
    expect(borneProvenanceOf(draft)).toEqual({
      own: true,
      provenance: { origin, applied: 'd', sequence: 1 },
    });
  });

  test('provenance that an earlier version wrote, which names no bearer, is still read', () => {
    const annotations = { 'x8s.dev/origin': 'cluster=A task=t namespace=n uid=u applied=d marker=3' };
    const object = {
      metadata: { name: 'x', namespace: 'n', labels: { 'x8s.dev/replica-of': 't' }, annotations },
    };
    expect(borneProvenanceOf(object)).toMatchObject({
      own: undefined,
      provenance: { applied: 'd', sequence: 3 },
    });
  });

  test.each([
    ['we applied it', 'kubectl-nsreplicate', 'f:x8s.dev/origin', true],
    ['somebody else made it from a copy', 'kubectl-client-side-apply', 'f:x8s.dev/origin', false],
    ['we wrote other fields of it', 'kubectl-nsreplicate', 'f:other', false],
  ])('who wrote the provenance: %s', (_what, manager, annotation, expected) => {
    const fieldsV1 = { 'f:metadata': { 'f:annotations': { [annotation]: {} } } };
    const object = { metadata: { name: 'x', managedFields: [{ manager, fieldsV1 }] } };
    expect(wroteProvenance(object as KubeObject, 'kubectl-nsreplicate')).toBe(expected);
  });
});
