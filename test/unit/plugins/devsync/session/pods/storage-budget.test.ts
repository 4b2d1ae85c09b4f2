import { expect, test } from '@jest/globals';
import type { Target } from '../../../../../../plugins/devsync/launch/launcher.ts';
import {
  describeBudget,
  storageBudget,
} from '../../../../../../plugins/devsync/session/pods/storage-budget.ts';

const mebi = 2 ** 20;

/** A pod with two containers: `app`, which has a volume at /data, and `proxy`. */
function target(app: string | undefined, proxy: string | undefined, volume: object): Target {
  const limits = (storage: string | undefined) =>
    storage === undefined ? {} : { resources: { limits: { 'ephemeral-storage': storage } } };
  const pod = {
    metadata: { name: 'web', uid: 'u' },
    spec: {
      containers: [
        { name: 'app', volumeMounts: [{ name: 'data', mountPath: '/data' }], ...limits(app) },
        { name: 'proxy', ...limits(proxy) },
      ],
      volumes: [{ name: 'data', ...volume }],
    },
  };
  return { pod, container: 'app', containerId: 'c', imageId: 'i', namespace: 'n' } as unknown as Target;
}

test.each([
  ['no limit', '/app', undefined, undefined, {}, undefined],
  ["the container's own layer", '/app', '100Mi', undefined, {}, 100],
  ['a sidecar alone has a limit, which is all that the pod has', '/app', undefined, '40Mi', {}, 40],
  ['both have one: each counts, and the sum', '/app', '100Mi', '40Mi', {}, 100],
  [
    'a claim is no disk of the node',
    '/data',
    '100Mi',
    undefined,
    { persistentVolumeClaim: { claimName: 'c' } },
    undefined,
  ],
  ['an emptyDir counts for the pod', '/data/x', '100Mi', '40Mi', { emptyDir: {} }, 140],
  ['an emptyDir with a limit of its own', '/data', '100Mi', '40Mi', { emptyDir: { sizeLimit: '20Mi' } }, 20],
  ['an emptyDir in memory', '/data', '100Mi', undefined, { emptyDir: { medium: 'Memory' } }, undefined],
])('%s', (_, remote, app, proxy, volume, limit) => {
  const room = storageBudget(target(app, proxy, volume), remote, 64 * mebi);
  expect(room.limit?.bytes).toBe(limit === undefined ? undefined : limit * mebi);
  expect(room.staging).toBe(limit === undefined ? undefined : (limit * mebi) / 4);
  expect(room.trash).toBe(Math.min(64, (limit ?? 1e9) / 4) * mebi);
});

test('a volume in memory is full where its limit is, and evicts nobody: only the trash is bounded', () => {
  const volume = { emptyDir: { medium: 'Memory', sizeLimit: '20Mi' } };
  const room = storageBudget(target('100Mi', undefined, volume), '/data', 64 * mebi);
  expect([room.trash, room.staging]).toEqual([5 * mebi, undefined]);
  expect(describeBudget(room)).toMatch(/5\.0 MiB .* what is free: the sizeLimit of volume data is 20 MiB$/);
});

test('is told in words', () => {
  const room = storageBudget(target('100Mi', undefined, {}), '/app', 64 * mebi);
  expect(describeBudget(room)).toMatch(/25 MiB .* 25 MiB, .* limits\.ephemeral-storage is 100 MiB$/);
});
