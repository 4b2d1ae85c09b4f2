import { describe, expect, test } from '@jest/globals';
import type { Difference } from '../../../../../plugins/nsreplicate/decide/differences.ts';
import {
  fieldDriftOf,
  namesOf,
  notTakenOf,
  toBeRemoved,
} from '../../../../../plugins/nsreplicate/decide/field-drift.ts';
import type { Draft } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const us = 'kubectl-nsreplicate';
const main = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'n' },
  spec: { paused: false },
} as unknown as Draft;

const entry = (manager: string, operation: string, fieldsV1: object, more = {}) => ({
  manager,
  operation,
  apiVersion: 'apps/v1',
  fieldsV1,
  ...more,
});

/** What the replica has: a selector of nodes, and who wrote it. */
const having = (...managedFields: object[]): KubeObject => ({
  ...main,
  metadata: { ...main.metadata, managedFields },
  spec: { paused: false, nodeSelector: { by: 'x' } },
});
const selector = { 'f:spec': { 'f:nodeSelector': { '.': {}, 'f:by': {} } } };

describe('a field that was not applied', () => {
  test.each<[string, object[], 'byHand' | 'applied' | 'tolerated' | 'rest']>([
    ['that somebody wrote by hand', [entry('kubectl-edit', 'Update', selector)], 'byHand'],
    ['that was there before anybody applied', [entry('before-first-apply', 'Update', selector)], 'byHand'],
    ['that another manager applies', [entry('argocd', 'Apply', selector)], 'applied'],
    [
      'that another manager applies, and somebody wrote too',
      [entry('kubectl-edit', 'Update', selector), entry('argocd', 'Apply', selector)],
      'applied',
    ],
    [
      'that a controller of Kubernetes wrote',
      [entry('kube-controller-manager', 'Update', selector)],
      'tolerated',
    ],
    [
      'that came by a subresource',
      [entry('anybody', 'Update', selector, { subresource: 'scale' })],
      'tolerated',
    ],
    ['that a webhook put into our own write', [entry(us, 'Apply', selector)], 'rest'],
    ['that nobody wrote: a default, or what the server kept', [], 'rest'],
  ])('%s', (_what, managedFields, expected) => {
    const { byHand, applied, rest } = fieldDriftOf(main, having(...managedFields), us);
    const found =
      byHand.length > 0 ? 'byHand' : applied.length > 0 ? 'applied' : rest.length > 0 ? 'rest' : 'tolerated';
    expect(found).toBe(expected);
    if (expected === 'byHand') expect(namesOf(byHand)).toBe('spec.nodeSelector, spec.nodeSelector.by');
  });
});

test('keys of others are those of labels and annotations, and of the data of ConfigMaps and Secrets', () => {
  const of = (kind: string) => {
    const wanted = { ...main, kind, apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1', data: {} } as Draft;
    const fields = {
      'f:metadata': { 'f:labels': { '.': {}, 'f:theirs': {} } },
      'f:data': { '.': {}, 'f:more': {} },
    };
    const metadata = {
      ...main.metadata,
      labels: { theirs: 'x' },
      managedFields: [entry('them', 'Update', fields)],
    };
    const { byHand, keys, rest } = fieldDriftOf(wanted, { ...wanted, metadata, data: { more: 'y' } }, us);
    return [namesOf(byHand), namesOf(keys), rest];
  };
  expect(of('ConfigMap')).toEqual(['', 'metadata.labels.theirs, data.more', []]);
  expect(of('Widget')).toEqual(['data.more', 'metadata.labels.theirs', []]);
});

test('a key that is wanted in the other map of the data is no key of others: a server takes it in one only', () => {
  const wanted = {
    kind: 'ConfigMap',
    metadata: { name: 'x' },
    binaryData: { k: '/w==' },
  } as unknown as Draft;
  const object = {
    ...wanted,
    data: { k: 'text', theirs: 'x' },
    metadata: {
      name: 'x',
      managedFields: [entry('kubectl-edit', 'Update', { 'f:data': { 'f:k': {}, 'f:theirs': {} } })],
    },
  } as unknown as KubeObject;
  const { byHand, keys } = fieldDriftOf(wanted, object, us);
  expect({ byHand: namesOf(byHand), keys: namesOf(keys) }).toEqual({ byHand: 'data.k', keys: 'data.theirs' });
});

test('what is removed depends on what a task is told', () => {
  const drift = { byHand: [['f:a']], applied: [['f:b']], keys: [['f:c']], rest: [] };
  const none = { byHand: false, applied: false, keys: false };
  expect(toBeRemoved(drift, none)).toEqual([]);
  expect(toBeRemoved(drift, { ...none, byHand: true, keys: true })).toEqual([['f:a'], ['f:c']]);
});

describe('what a server did not take', () => {
  const extra: Difference = { path: ['spec', 'clusterIP'], how: 'extra', wanted: undefined, present: 'None' };
  const lacking: Difference = { path: ['spec', 'x'], how: 'missing', wanted: 1, present: undefined };

  test('is what it has though a new object would not have it', () => {
    const kept = { lost: [], kept: ['spec.clusterIP'] };
    expect(notTakenOf([extra], [])).toEqual(kept);
    expect(notTakenOf([extra], [extra])).toEqual({ lost: [], kept: [] });
    expect(notTakenOf([extra], [{ ...extra, present: 'another' }])).toEqual(kept);
  });

  test('is what it left out, in a new object too', () => {
    expect(notTakenOf([lacking], [lacking])).toEqual({ lost: ['spec.x'], kept: [] });
    expect(notTakenOf([lacking], [])).toEqual({ lost: [], kept: ['spec.x'] });
  });

  test('is what it left out, where nothing is known of a new object: of the rest nobody can tell', () => {
    expect(notTakenOf([extra, lacking])).toEqual({ lost: ['spec.x'], kept: [] });
  });

  test('is not what is empty, nor what an override set that sanitising takes out', () => {
    const wanted = {
      ...main,
      spec: { paused: false, tolerations: [], hostNetwork: false, clusterIP: '10.0.0.1' },
    } as unknown as Draft;
    const there = { ...main, spec: { paused: false, clusterIP: '10.0.0.1' } };
    expect(fieldDriftOf(wanted, there, us).rest).toEqual([]);
  });
});
