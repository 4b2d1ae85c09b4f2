/** What the mark on a workload tells of the time since its cutover has ended. */
import { expect, test } from '@jest/globals';
import {
  lastMarkOf,
  markOf,
  mayHaveRun,
  movedTo,
  type StopMark,
} from '../../../../../plugins/x8sync/records/stop-mark.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import { stopMarkKey } from '../../../../../src/tasks/names.ts';

const mark: StopMark = {
  ...{ task: 'move', target: 'shop/copy', targetUid: 'copy', replicas: 2, moved: true, generation: 5 },
  claims: [{ claim: 'index', target: 'shop/index-copy', targetUid: 'index-copy' }],
};

const workload = (generation: number, replicas = 0, text = JSON.stringify(mark)): KubeObject => ({
  metadata: { name: 'web', generation, annotations: { [stopMarkKey]: text } },
  spec: { replicas },
});

// The server counts a change of a Deployment's annotations, so the writing of the mark is one.
test.each([
  ['Deployment', 6, false],
  ['Deployment', 7, false],
  ['Deployment', 8, true],
  ['StatefulSet', 5, false],
  ['StatefulSet', 6, false],
  ['StatefulSet', 7, true],
] as const)('a %s of generation %s, noted at 5, may have run since: %s', (kind, generation, ran) => {
  const object = workload(generation);
  expect(mayHaveRun({ kind, object }, markOf(object))).toBe(ran);
});

test('one that has pods, or whose mark does not tell, may have run', () => {
  const running = workload(6, 1);
  expect(markOf(running)).toBeUndefined();
  expect(lastMarkOf(running)).toEqual(mark);
  expect(mayHaveRun({ kind: 'Deployment', object: running }, lastMarkOf(running))).toBe(true);
  const { generation: _, ...older } = mark;
  expect(mayHaveRun({ kind: 'Deployment', object: workload(6) }, older)).toBe(true);
});

test('a claim was moved to that of the mark itself, and to those of its further claims', () => {
  expect(['copy', 'index-copy', 'other'].map((uid) => movedTo(mark, uid))).toEqual([true, true, false]);
});

test.each([
  ['a generation that is none', { generation: 'five' }],
  ['claims that are none', { claims: [{ claim: 'index' }] }],
  ['claims that are no list', { claims: {} }],
])('%s makes it unreadable', (_, change) => {
  expect(markOf(workload(5, 0, JSON.stringify({ ...mark, ...change })))).toBeUndefined();
});
