import { expect, test } from '@jest/globals';
import { changersOf, mountsOf, readClaim } from '../../../../../plugins/x8sync/claims/claim.ts';
import type { Pod } from '../../../../../src/kube/objects.ts';
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
  expect(changersOf({ mounts })).toEqual(['database-0', 'x8sync-in-target-abcde']);
});

test('a claim that waits for a volume which does not exist is not waited for', async () => {
  const kube = fakeKube();
  kube.objects.create('/persistentvolumeclaims', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'shop' },
    spec: { volumeName: 'gone' },
    status: { phase: 'Pending' },
  });
  const reading = readClaim({ kube, namespace: 'shop', claim: 'data' }, 'ID', new AbortController().signal);
  await expect(reading).rejects.toMatchObject({
    exitCode: 1,
    message: 'claim fake/shop/data names volume gone, which fake does not have',
  });
});
