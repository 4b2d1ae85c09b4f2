import { expect, test } from '@jest/globals';
import { ReplicaCache } from '../../../../../plugins/nsreplicate/cache/replica-cache.ts';
import { keyOf } from '../../../../../plugins/nsreplicate/objects/keys.ts';
import { writeProvenance } from '../../../../../plugins/nsreplicate/objects/provenance.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const everything = { covers: () => true, rules: () => true };
const key = (name: string) => keyOf('ConfigMap', 'n', name);

function copy(name: string, more: object = {}) {
  const draft = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'n', uid: name, ...more },
  };
  writeProvenance(draft as never, {
    origin: { cluster: 'A', task: 't', namespace: 'n', uid: 'u', via: [] },
    applied: 'd',
    sequence: 1,
  });
  return draft as never;
}

test('an event that overtook an answer counts more, and has to be looked at', () => {
  const copies = new ReplicaCache('t', everything);
  copies.see(key('a'), copy('a', { resourceVersion: '12' }));
  copies.answered(key('a'), copy('a', { resourceVersion: '9' }), 'd');
  expect(copies.get(key('a'))).toMatchObject({ resourceVersion: '12', live: undefined });
  copies.answered(key('a'), copy('a', { resourceVersion: '12' }), 'd');
  expect(copies.get(key('a'))).toMatchObject({ resourceVersion: '12', live: 'd' });
});

test('what is leaving does not count as a copy, and is not taken off twice', () => {
  const copies = new ReplicaCache('t', everything);
  for (const name of ['a', 'b', 'c']) copies.set(key(name), copy(name), 'd');
  expect(copies.countIn('n')).toBe(3);
  copies.leaving(key('a'));
  copies.leaving(key('a'));
  expect([copies.countIn('n'), copies.get(key('a'))?.deleting]).toEqual([2, true]);
  copies.delete(key('a'));
  expect(copies.countIn('n')).toBe(2);
  copies.leaving(key('b'));
  // It was not deleted after all.
  copies.set(key('b'), copy('b'), 'd');
  expect(copies.countIn('n')).toBe(2);
  copies.set(key('c'), copy('c', { deletionTimestamp: 'now' }), 'd');
  expect(copies.countIn('n')).toBe(1);
});

test('what somebody copied from a copy is a stranger, and no copy of the task', () => {
  const copies = new ReplicaCache('t', everything);
  const { metadata, ...rest } = copy('a') as KubeObject;
  const other = { ...rest, metadata: { ...metadata, name: 'b' } };
  expect(copies.set(key('b'), other, 'd')).toMatchObject({ isCopiedCopy: true, provenance: undefined });
  expect([copies.isOurs(key('b')), copies.countIn('n')]).toEqual([false, 0]);
});

test('provenance that an earlier version wrote belongs to a copy in the namespace that it was copied from', () => {
  const copies = new ReplicaCache('t', everything);
  const annotations = { 'x8s.dev/origin': 'cluster=A task=t namespace=n uid=u applied=d marker=3' };
  const object = { metadata: { name: 'x', labels: { 'x8s.dev/replica-of': 't' }, annotations } };
  expect(copies.set(key('x'), object, 'd')).toMatchObject({ isCopiedCopy: false, isWritten: false });
  expect(copies.set(keyOf('ConfigMap', 'm', 'x'), object, 'd').isCopiedCopy).toBe(true);
});

test('a copy is known as written by us where our field manager put its provenance there', () => {
  const copies = new ReplicaCache('t', everything);
  const fieldsV1 = { 'f:metadata': { 'f:annotations': { 'f:x8s.dev/origin': {} } } };
  const by = (manager: string) => copy('a', { managedFields: [{ manager, operation: 'Apply', fieldsV1 }] });
  expect(copies.set(key('a'), by('kubectl-nsreplicate'), 'd').isWritten).toBe(true);
  expect(copies.set(key('a'), by('velero-server'), 'd').isWritten).toBe(false);
});
