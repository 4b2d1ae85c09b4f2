import { expect, test } from '@jest/globals';
import {
  type Dependent,
  refusalOfDependents,
  sortDependents,
} from '../../../../../plugins/nsreplicate/decide/dependents.ts';

let count = 0;
const one = (name: string, more: Partial<Dependent> = {}): Dependent => ({
  kind: 'ConfigMap',
  name,
  uid: `u${count++}`,
  owners: [],
  isOurs: false,
  isDefault: false,
  deleting: false,
  ...more,
});
const claim = (name: string, more: Partial<Dependent> = {}) =>
  one(name, { kind: 'PersistentVolumeClaim', ...more });
const verdict = (hanging: Dependent[], claims = false) =>
  refusalOfDependents('Namespace shop', sortDependents(hanging), { claims });

test('copies go along, and are counted', () => {
  const along = sortDependents([one('b', { isOurs: true }), one('a', { isOurs: true })]);
  expect(along).toMatchObject({ taken: ['a', 'b'], strangers: [] });
});

test('one stranger is enough to refuse, and is named', () => {
  expect(verdict([one('ours', { isOurs: true }), one('theirs')])).toBe(
    'Namespace shop is not deleted: theirs would go with it, and is no copy of this task',
  );
  expect(verdict(['a', 'b', 'c', 'd', 'e'].map((name) => one(name)))).toContain(
    'a, b, c and 2 more would go',
  );
});

test('what belongs to something that is there goes with that, as pods with what made them', () => {
  const deployment = one('web', { isOurs: true, uid: 'd' });
  const set = one('web-1', { owners: ['d'], uid: 's' });
  expect(verdict([deployment, set, one('web-1-x', { kind: 'Pod', owners: ['s'] })])).toBeUndefined();
  expect(verdict([one('theirs', { uid: 't' }), one('part', { owners: ['t'] })])).toContain(': theirs would');
});

test('what every namespace gets, and what is on its way out, keeps nothing', () => {
  expect(
    verdict([one('kube-root-ca.crt', { isDefault: true }), one('old', { deleting: true })]),
  ).toBeUndefined();
});

test('claims stand for data: they go with a flag of their own only, whoever owns them', () => {
  const set = one('db', { kind: 'StatefulSet.apps', isOurs: true, uid: 'd' });
  const hanging = [set, claim('data-db-0', { owners: ['d'] })];
  expect(verdict(hanging)).toContain('data-db-0 would go with it; --prune-claims');
  expect(verdict(hanging, true)).toBeUndefined();
  expect(sortDependents(hanging).taken).toEqual(['data-db-0', 'db']);
  expect(verdict([claim('somebody', {})], true)).toContain('is no copy of this task');
});

test('a claim of a pod is a volume of that pod', () => {
  const pod = one('web', { kind: 'Pod', uid: 'p', owners: ['d'] });
  const deployment = one('web', { isOurs: true, uid: 'd' });
  expect(verdict([deployment, pod, claim('web-scratch', { owners: ['p'] })])).toBeUndefined();
});

test('what had an owner that is gone is about to go by itself', () => {
  expect(sortDependents([one('pod', { owners: ['gone'] })])).toMatchObject({
    strangers: ['pod'],
    mayPass: true,
  });
  expect(sortDependents([one('pod', { owners: ['gone'] }), one('theirs')]).mayPass).toBe(false);
});
