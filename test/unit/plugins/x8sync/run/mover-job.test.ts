import { expect, test } from '@jest/globals';
import type { TaskSide } from '../../../../../plugins/x8sync/objects/sides.ts';
import { startMoverJob } from '../../../../../plugins/x8sync/run/mover-job.ts';
import { jobs } from '../../../../../src/kube/api/resources.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x8sync-db-target', uid: '1' }];
const meta = { name: 'x8sync-db-target', namespace: 'shop', labels: {}, ownerReferences };

function scene() {
  const kube = fakeKube();
  const side: TaskSide = { kube, ...meta, meta, selector: {}, selectorText: '' };
  const claim = { ref: { kube, namespace: 'shop', claim: 'data' }, uid: '2', bound: true, mounts: [] };
  const plan = {
    side,
    claim: { ...claim, object: { metadata: { name: 'data' }, spec: {} }, volume: undefined, node: undefined },
    privileges: 'root',
    sourcePrivileges: 'root',
    keys: { client: 'c', host: 'h' },
    mode: 'merge',
    task: '3',
    addresses: [],
    keepPartial: true,
    checksum: false,
    identity: { uid: 65532, gid: 65532 },
  } as const;
  const options = { timeoutMs: 1000, signal: new AbortController().signal };
  const start = (nonce: string, image: string) => startMoverJob({ ...plan, nonce, image }, options);
  return { kube, start };
}

test('a mover that had ended before is taken up, and tells when that was', async () => {
  const { kube, start } = scene();
  const first = await start('first', 'mover');
  expect(first).toMatchObject({ takenUp: false, nonce: 'first' });
  const completionTime = '2026-01-01T00:00:00Z';
  const status = { completionTime, conditions: [{ type: 'Complete', status: 'True' as const }] };
  await kube.replace(jobs, { ...first.job, status });
  const second = await start('second', 'mover');
  expect(second).toMatchObject({ takenUp: true, nonce: 'first', endedAt: completionTime });
});

test('a mover that runs is taken up, whatever its image; one that has not begun with another is not', async () => {
  const { kube, start } = scene();
  await start('first', 'misspelt');
  expect(await start('second', 'misspelt')).toMatchObject({ takenUp: true, nonce: 'first' });
  const third = await start('third', 'mover');
  expect(third).toMatchObject({ takenUp: false, nonce: 'third' });
  await kube.replace(jobs, { ...third.job, status: { active: 1, ready: 1 } });
  expect(await start('fourth', 'newer')).toMatchObject({ takenUp: true, nonce: 'third' });
});
