import { expect, test } from '@jest/globals';
import type { Assessment } from '../../../../../plugins/nsreplicate/decide/assess.ts';
import { keyOf, type ObjectKey } from '../../../../../plugins/nsreplicate/objects/keys.ts';
import { Orphans } from '../../../../../plugins/nsreplicate/reconcile/orphans.ts';

const key = (name: string) => keyOf('ConfigMap', 'shop', name);
const [kept, gone, going, retired, others] = ['kept', 'gone', 'going', 'retired', 'others'].map(key) as [
  ObjectKey,
  ObjectKey,
  ObjectKey,
  ObjectKey,
  ObjectKey,
];

const fakeCache = {
  keys: () => [kept, gone, going, retired, others].values(),
  stays: (one: ObjectKey) => one !== going,
  isOurs: (one: ObjectKey) => one !== others,
  isInScope: (one: ObjectKey) => one !== retired && one !== others,
};
const fakeAssessor = {
  assess: (one: ObjectKey) =>
    ({ outcome: one === gone || one === going ? 'delete' : 'keep' }) as unknown as Assessment,
};
const orphans = new Orphans({ replicaCache: fakeCache, assessor: fakeAssessor });

test('what is being deleted is not wanted to be deleted once more', () => {
  expect(orphans.wanted()).toEqual([gone]);
});

test('what the task covers no more is retired, and nothing of others is', () => {
  expect(orphans.hasRetired(() => true)).toBe(true);
  expect(orphans.hasRetired((one) => one === others)).toBe(false);
});
