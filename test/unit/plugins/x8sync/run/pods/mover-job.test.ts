import { expect, test } from '@jest/globals';
import type { TaskSide } from '../../../../../../plugins/x8sync/objects/sides.ts';
import { refusesUsers, startMoverJob } from '../../../../../../plugins/x8sync/run/pods/mover-job.ts';
import type { Wished } from '../../../../../../plugins/x8sync/run/request/wishes.ts';
import { ApiError } from '../../../../../../src/kube/api/api-error.ts';
import { jobs } from '../../../../../../src/kube/api/resources.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

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
  const start = (nonce: string, image: string, wished: Wished = {}) =>
    startMoverJob({ ...plan, ...wished, nonce, image }, options);
  const running = async ({ job }: Awaited<ReturnType<typeof start>>) =>
    kube.replace(jobs, { ...job, status: { active: 1, ready: 1 } });
  return { kube, start, running };
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

test('a Job tells whether others may write to the target beside its mover', async () => {
  const { start } = scene();
  const { job } = await start('first', 'mover');
  expect(refusesUsers(job)).toBe(true);
  for (const more of [{ allowMounted: true }, { mode: 'dry-run' }] as object[])
    expect(refusesUsers((await scene().start('first', 'mover', more)).job)).toBe(false);
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

test('a mover that goes on with another image than the one given says so', async () => {
  const { start, running } = scene();
  const first = await start('first', 'old');
  expect(first.told).toEqual([]);
  await running(first);
  expect((await start('second', 'old')).told).toEqual([]);
  const [told] = (await start('third', 'new')).told ?? [];
  expect(told).toMatch(/goes on.*\(old\): new is for the next one/);
});

test('a mover that runs with other wishes is replaced, and the change is told', async () => {
  const { start, running } = scene();
  await running(await start('first', 'mover', { bandwidth: '10M' }));
  const same = await start('second', 'mover', { bandwidth: '10M' });
  expect(same).toMatchObject({ takenUp: true, nonce: 'first', told: [] });
  const slower = await start('third', 'mover', { bandwidth: '5M' });
  expect(slower).toMatchObject({ takenUp: false, nonce: 'third' });
  expect(slower.told).toEqual([expect.stringContaining('(--bwlimit: 10M → 5M)')]);
  await running(slower);
  const freely = await start('fourth', 'mover');
  expect(freely.told).toEqual([expect.stringContaining('(--bwlimit: 5M → (not set))')]);
});

test('one that has ended well stays, however it was to work; not so where its files were to be compared', async () => {
  const { kube, start } = scene();
  const { job } = await start('first', 'mover', { bandwidth: '10M' });
  const conditions = [{ type: 'Complete', status: 'True' as const }];
  await kube.replace(jobs, { ...job, status: { completionTime: '2026-01-01T00:00:00Z', conditions } });
  expect(await start('second', 'newer', { bandwidth: '5M' })).toMatchObject({ takenUp: true, told: [] });
  const third = await start('third', 'mover', { verify: true });
  expect(third).toMatchObject({ takenUp: false, told: [expect.stringContaining('--verify')] });
});

test('a mover that works and that nothing may replace goes on, which is told; not one that would compare nothing', async () => {
  const { kube, start, running } = scene();
  await running(await start('first', 'mover', { bandwidth: '10M' }));
  kube.create = async () => {
    throw new ApiError(403, undefined, 'exceeded quota: tight');
  };
  const second = await start('second', 'mover', { bandwidth: '5M' });
  expect(second).toMatchObject({ takenUp: true, nonce: 'first' });
  expect(second.told).toEqual([expect.stringMatching(/10M → 5M.*exceeded quota: tight/)]);
  await expect(start('third', 'mover', { verify: true })).rejects.toThrow('exceeded quota: tight');
});
