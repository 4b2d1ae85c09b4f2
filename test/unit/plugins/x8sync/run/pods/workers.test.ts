/** Making and removing the pods that copy beside a mover, and what the mover is told of them. */
import { describe, expect, test } from '@jest/globals';
import type { ClaimState } from '../../../../../../plugins/x8sync/claims/claim.ts';
import { sideOf } from '../../../../../../plugins/x8sync/objects/sides.ts';
import { startMoverJob } from '../../../../../../plugins/x8sync/run/pods/mover-job.ts';
import { removeWorkers, startWorkers } from '../../../../../../plugins/x8sync/run/pods/workers.ts';
import { podsWishOf } from '../../../../../../plugins/x8sync/run/request/pods-wish.ts';
import { jobs } from '../../../../../../src/kube/api/resources.ts';
import type { TaskRecord } from '../../../../../../src/tasks/record.ts';
import { apiError } from '../../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../../support/fake-kube.ts';

const { signal } = new AbortController();
const options = { timeoutMs: 1000, signal };

function claimOf(kube: FakeKube, claim: string, accessModes: string[]): ClaimState {
  const object = { metadata: { name: claim }, spec: { accessModes } };
  const ref = { kube, namespace: 'shop', claim };
  return {
    ref,
    uid: claim,
    bound: true,
    mounts: [],
    object,
    volume: undefined,
    node: undefined,
  } as ClaimState;
}

function scene() {
  const kube = fakeKube();
  const record = { namespace: 'shop', task: 'db', role: 'target', name: 'x8sync-db-target', uid: '1' };
  const side = sideOf(kube, record as TaskRecord);
  const claim = claimOf(kube, 'to', ['ReadWriteMany']);
  const start = (nonce: string, bandwidth?: string) =>
    startMoverJob(
      {
        ...{ side, claim, mountedSource: claimOf(kube, 'from', ['ReadWriteMany']), nonce, bandwidth },
        ...{ privileges: 'root', sourcePrivileges: 'root', mode: 'merge', task: '3', addresses: [] },
        ...{ keepPartial: true, checksum: false, image: 'mover', identity: { uid: 65532, gid: 65532 } },
      },
      options,
    );
  const workers = () => kube.find(jobs, { namespace: 'shop', name: 'x8sync-db-worker' });
  return { kube, side, start, workers };
}

describe('workers', () => {
  test('are made once for a mover, and anew for another one', async () => {
    const { side, start, workers } = scene();
    const first = await start('first');
    await startWorkers(side, first.job, 2, options);
    const made = await workers();
    expect(made?.spec).toMatchObject({ completions: 2 });
    await startWorkers(side, first.job, 2, options);
    expect((await workers())?.metadata.uid).toBe(made?.metadata.uid);
    const other = {
      ...first.job,
      metadata: { ...first.job.metadata, annotations: { 'x8s.dev/nonce': 'x' } },
    };
    await startWorkers(side, other, 1, options);
    expect((await workers())?.metadata.uid).not.toBe(made?.metadata.uid);
    expect((await workers())?.spec).toMatchObject({ completions: 1 });
  });

  test('go before another mover begins in the place of theirs', async () => {
    const { kube, side, start, workers } = scene();
    const { job } = await start('first', '5M');
    await kube.replace(jobs, { ...job, status: { active: 1, ready: 1 } });
    await startWorkers(side, job, 1, options);
    expect(await start('second', '5M')).toMatchObject({ takenUp: true });
    expect(await workers()).toBeDefined();
    expect(await start('third', '9M')).toMatchObject({ takenUp: false });
    expect(await workers()).toBeUndefined();
    await removeWorkers(side, options);
  });
});

describe('what the mover is told', () => {
  const node = (name: string, spec = {}) => ({
    ...{ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  const pod = { containers: [] };

  function claims(kube: FakeKube, mode: string) {
    return { source: claimOf(kube, 'from', [mode]), target: claimOf(kube, 'to', [mode]) };
  }

  test('are the nodes that admit the pod, where several may copy', async () => {
    const kube = fakeKube();
    kube.objects.create('/nodes', node('a'));
    kube.objects.create('/nodes', node('b', { unschedulable: true }));
    kube.objects.create('/nodes', node('c'));
    const modes = { source: ['ReadWriteMany'], target: ['ReadWriteMany'] };
    const wish = await podsWishOf('auto', claims(kube, 'ReadWriteMany'), pod, signal);
    expect(wish).toEqual({ asked: 'auto', modes, nodes: 2 });
  });

  test('nodes are not asked otherwise, and need not be told', async () => {
    const kube = fakeKube();
    kube.before = (call) => {
      if (call.verb === 'list') throw apiError(403, 'Forbidden');
    };
    expect(await podsWishOf(1, claims(kube, 'ReadWriteMany'), pod, signal)).not.toHaveProperty('nodes');
    expect(await podsWishOf(2, claims(kube, 'ReadWriteOnce'), pod, signal)).not.toHaveProperty('nodes');
    expect(kube.calls).toEqual([]);
    expect((await podsWishOf(2, claims(kube, 'ReadWriteMany'), pod, signal)).nodes).toBeUndefined();
  });
});
