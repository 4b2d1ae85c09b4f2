import { describe, expect, test } from '@jest/globals';
import { isAsApplied } from '../../../../../plugins/nsreplicate/objects/as-applied.ts';
import { liveDigest } from '../../../../../plugins/nsreplicate/objects/copy.ts';
import type { Draft } from '../../../../../plugins/nsreplicate/objects/draft.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';

const applied = (): Draft => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', namespace: 'n', labels: { a: '1' } },
  data: { list: ['x', { y: 1 }] },
});
const byServer = {
  uid: 'u',
  resourceVersion: '7',
  creationTimestamp: 'then',
  managedFields: [{ manager: 'm' }],
};
const shaping = { task: 't', primary: 'p', map: new Map(), overrides: [], key: new Uint8Array(32) };

describe('as it was applied', () => {
  test('is what the server only added its own fields to: then the digests are equal too', () => {
    const answer = { ...applied(), metadata: { ...applied().metadata, ...byServer } };
    expect(isAsApplied(applied(), answer)).toBe(true);
    const rule = ruleFor('', 'ConfigMap');
    expect(liveDigest(answer, rule, shaping)).toBe(liveDigest(applied(), rule, shaping));
  });

  test.each([
    ['a default', { type: 'Opaque' }],
    ['a changed value', { data: { list: ['x', { y: 2 }] } }],
    ['a longer list', { data: { list: ['x', { y: 1 }, 'z'] } }],
    ['a key less', { data: {} }],
    ['a list for a map', { data: [] }],
    ['a label of somebody else', { metadata: { ...applied().metadata, labels: { a: '1', b: '2' } } }],
    ['a finalizer', { metadata: { ...applied().metadata, finalizers: ['f'] } }],
    ['a status', { status: {} }],
  ])('is not what has %s', (_what, change) => {
    expect(isAsApplied(applied(), { ...applied(), ...change })).toBe(false);
  });
});
