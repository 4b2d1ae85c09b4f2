/** Pods that came to write to a target while it was copied to. */
import { describe, expect, test } from '@jest/globals';
import { newcomersAmong, newcomersOf } from '../../../../../plugins/x8sync/claims/newcomers.ts';
import { ApiError } from '../../../../../src/kube/api/api-error.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';
import { pods } from '../../../../../src/kube/api/resources.ts';
import { taskLabels } from '../../../../../src/tasks/names.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const at = (second: number) => `2026-11-30T10:00:${String(second).padStart(2, '0')}Z`;

interface Seen {
  readonly phase?: 'Pending' | 'Running' | 'Succeeded';
  readonly second?: number;
  readonly labels?: Record<string, string>;
  readonly claim?: string;
  /** Of the claim, or of its mount. */
  readonly readOnly?: 'claim' | 'mount';
  readonly containerStatuses?: object[];
}

function podOf(name: string, seen: Seen = {}): Pod {
  const { phase = 'Running', second = 20, labels = {}, claim = 'data', readOnly, containerStatuses } = seen;
  const persistentVolumeClaim = { claimName: claim, ...(readOnly === 'claim' && { readOnly: true }) };
  const mount = { name: 'files', mountPath: '/data', ...(readOnly === 'mount' && { readOnly: true }) };
  return {
    metadata: { name, namespace: 'shop', labels, creationTimestamp: at(second) },
    spec: {
      containers: [{ name: 'app', volumeMounts: [mount] }],
      volumes: [{ name: 'files', persistentVolumeClaim }],
    },
    status: { phase, ...(containerStatuses && { containerStatuses }) },
  } as Pod;
}

const labels = taskLabels('x8sync', 'move', 'target');
const ended = [{ name: 'target', state: { terminated: { exitCode: 0, finishedAt: at(30) } } }];
const mover = podOf('mover', { second: 10, labels });
const endedMover = podOf('mover', { second: 10, labels, containerStatuses: ended });

describe('a pod that mounts the target while it is copied to', () => {
  test.each<[string, Seen]>([
    ['runs', {}],
    ['has come, written and ended', { phase: 'Succeeded' }],
    [
      'runs an init container so far',
      { phase: 'Pending', containerStatuses: [{ name: 'i', state: { running: {} } }] },
    ],
  ])('and %s', (_what, seen) => {
    expect(newcomersAmong([mover, podOf('web', seen)], 'data', 'move')).toEqual(['web']);
    expect(newcomersAmong([endedMover, podOf('web', seen)], 'data', 'move')).toEqual(['web']);
  });

  test.each<[string, Seen]>([
    ['mounts another claim', { claim: 'other' }],
    ['only reads the claim', { readOnly: 'claim' }],
    ['only reads by its mount', { readOnly: 'mount' }],
    ['has ended before the mover was made', { phase: 'Succeeded', second: 5 }],
    [
      'waits for the volume still',
      { phase: 'Pending', containerStatuses: [{ name: 'app', state: { waiting: {} } }] },
    ],
    ['came once the mover had ended', { second: 31 }],
    [
      'got the volume once the mover had ended',
      { containerStatuses: [{ name: 'app', state: { running: { startedAt: at(31) } } }] },
    ],
    ['is of a task', { labels: taskLabels('x8sync', 'other', 'source') }],
  ])('is no harm where it %s', (_what, seen) => {
    expect(newcomersAmong([endedMover, podOf('web', seen)], 'data', 'move')).toEqual([]);
  });
});

describe('asking for them', () => {
  const { signal } = new AbortController();

  test('finds them in the namespace of the claim', async () => {
    const kube = fakeKube();
    for (const pod of [mover, podOf('web')]) await kube.create(pods, pod);
    expect(await newcomersOf({ kube, namespace: 'shop', claim: 'data' }, 'move', signal)).toEqual(['web']);
  });

  test.each([
    ['who may not list pods', apiError(403, 'pods is forbidden', 'Forbidden')],
    ['whose cluster does not answer', new ApiError(500, undefined, 'etcd is away')],
  ])('says nothing to one %s', async (_who, error) => {
    const kube = fakeKube();
    kube.before = () => {
      throw error;
    };
    expect(await newcomersOf({ kube, namespace: 'shop', claim: 'data' }, 'move', signal)).toEqual([]);
  });
});
