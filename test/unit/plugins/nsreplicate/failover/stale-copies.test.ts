/** Which held workloads a promotion leaves asleep. */
import { expect, test } from '@jest/globals';
import { staleCopies } from '../../../../../plugins/nsreplicate/failover/stale-copies.ts';
import { nameOf, workloadOf } from '../../../../../plugins/nsreplicate/failover/workloads.ts';
import { writeProvenance } from '../../../../../plugins/nsreplicate/objects/provenance.ts';
import { standbyAnnotation } from '../../../../../plugins/nsreplicate/objects/standby.ts';

function copy(namespace: string, uid: string, isHeld = true) {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace,
      annotations: isHeld ? { [standbyAnnotation]: 'replicas=2' } : {},
    },
  };
  const origin = { cluster: 'primary', task: 'shop', namespace: 'shop', uid, via: [] };
  writeProvenance(object, { origin, applied: 'digest', sequence: 1 });
  return workloadOf('Deployment', object);
}

const left = (found: ReturnType<typeof staleCopies>) =>
  found.map(({ workload, isLeft = false }) => [nameOf(workload), isLeft]);

test('those of namespaces that the task copies to no more, which is no gap in the promotion', () => {
  const found = staleCopies([copy('old', '1'), copy('new', '1'), copy('new-too', '2')], ['old']);
  expect(left(found)).toEqual([['Deployment old/web', true]]);
});

test('all copies of one original, where nothing tells which of them is meant', () => {
  const found = staleCopies([copy('old', '1'), copy('new', '1'), copy('other', '2')], []);
  expect(left(found)).toEqual([
    ['Deployment old/web', false],
    ['Deployment new/web', false],
  ]);
  expect(found[0]?.why).toMatch(/^Deployment new\/web is a copy of the same original: delete/);
});

test('one that runs already is none to leave asleep, but tells against the other', () => {
  const found = staleCopies([copy('old', '1'), copy('new', '1', false)], []);
  expect(left(found)).toEqual([['Deployment old/web', false]]);
});

test('none where each is a copy of its own', () => {
  expect(staleCopies([copy('a', '1'), copy('b', '2')], [])).toEqual([]);
});
