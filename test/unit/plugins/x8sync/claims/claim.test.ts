import { expect, test } from '@jest/globals';
import {
  checkVolumeExists,
  mountsOf,
  seLinuxLevelOf,
  writersOf,
} from '../../../../../plugins/x8sync/claims/claim.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';
import { taskLabels } from '../../../../../src/tasks/names.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const pod = (
  name: string,
  labels: Record<string, string>,
  phase: 'Running' | 'Succeeded' = 'Running',
): Pod => ({
  metadata: { name, labels },
  spec: { containers: [], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
  status: { phase },
});

test('a source may be changed by its users, and by the mover of a task that fills it', () => {
  const mounts = mountsOf('data', [
    pod('database-0', {}),
    pod('ended', {}, 'Succeeded'),
    pod('x8sync-out-source-0', taskLabels('x8sync', 'out', 'source')),
    pod('x8sync-in-target-abcde', taskLabels('x8sync', 'in', 'target')),
  ]);
  expect(writersOf({ mounts })).toEqual(['database-0', 'x8sync-in-target-abcde']);
});

test('the SELinux level of a claim is that of the container that mounts it, a workload before a task', () => {
  const secured = (name: string, level: string | undefined, own: string | undefined, labels = {}): Pod => {
    const security = (of: string | undefined) => of && { securityContext: { seLinuxOptions: { level: of } } };
    const mounting = { name: 'db', volumeMounts: [{ name: 'data', mountPath: '/data' }], ...security(own) };
    const containers = [{ name: 'beside', ...security('s0:c9') }, mounting];
    const made = pod(name, labels);
    return { ...made, spec: { ...made.spec, ...security(level), containers } } as Pod;
  };
  const task = secured('x8sync-out-source-0', 's0:c1', undefined, taskLabels('x8sync', 'out', 'source'));
  const levelOf = (...all: Pod[]) => seLinuxLevelOf({ mounts: mountsOf('data', all) });
  expect(levelOf(task, secured('db', 's0:c2', 's0:c3'))).toBe('s0:c3');
  expect(levelOf(task, secured('db', 's0:c2', undefined))).toBe('s0:c2');
  expect(levelOf(task, secured('db', undefined, undefined))).toBe('s0:c1');
  expect(levelOf(secured('db', undefined, undefined))).toBeUndefined();
});

test('a claim that a pod makes for itself is in use by it', () => {
  const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: {} } }];
  const web: Pod = { metadata: { name: 'web-1' }, spec: { containers: [], volumes } };
  expect(mountsOf('web-1-scratch', [web]).map(({ pod }) => pod)).toEqual(['web-1']);
  expect(mountsOf('scratch', [web])).toEqual([]);
});

test('a claim that names a volume which does not exist is not waited for until the time limit', async () => {
  const kube = fakeKube();
  kube.objects.create('/persistentvolumes', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'there' },
  });
  const ref = { kube, namespace: 'shop', claim: 'data' };
  const { signal } = new AbortController();
  await checkVolumeExists(ref, { spec: {} }, signal);
  await checkVolumeExists(ref, { spec: { volumeName: 'there' } }, signal);
  await expect(checkVolumeExists(ref, { spec: { volumeName: 'gone' } }, signal)).rejects.toMatchObject({
    exitCode: 1,
    message: 'claim fake/shop/data names volume gone, which fake does not have',
  });
});
