/** What is said of a pod that did not come up in time. */
import { expect, test } from '@jest/globals';
import { StartupState } from '../../../../../plugins/x8sync/monitor/startup-state.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const unscheduled = 'pod has unbound immediate PersistentVolumeClaims. not found';
const pod = {
  metadata: { name: 'mover', namespace: 'shop', uid: 'pod' },
  spec: { containers: [], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
  status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: unscheduled }] },
} as unknown as Pod;

function scene(phase: string, ...reasons: [type: string, reason: string, message: string][]): FakeKube {
  const kube = fakeKube();
  const claim = { metadata: { name: 'data', namespace: 'shop' }, spec: {}, status: { phase } };
  const { uid } = kube.objects.create('/persistentvolumeclaims', claim).metadata;
  for (const [index, [type, reason, message]] of reasons.entries())
    kube.objects.create('/events', {
      metadata: { name: `e${index}`, namespace: 'shop' },
      involvedObject: { uid },
      lastTimestamp: `2026-11-30T10:00:0${index}Z`,
      ...{ type, reason, message },
    });
  return kube;
}

function saidOf(kube: FakeKube): Promise<Error> {
  const state = new StartupState(new AbortController().signal);
  state.note("it can't be scheduled", pod);
  const followed = { clock, kube, namespace: 'shop', selector: '', container: 'target', what: 'the mover' };
  return state.timeoutError(followed, 300_000);
}

const waits = ['Normal', 'WaitForFirstConsumer', 'waiting for first consumer'] as const;

test('a claim that gets no volume is named, with what its events say', async () => {
  const failed = ['Warning', 'ProvisioningFailed', 'storageclass "fsat" not found'] as const;
  const error = await saidOf(scene('Pending', [...failed], [...waits]));
  expect(error).toMatchObject({
    message: expect.stringMatching(
      /after 300 s: claim fake\/shop\/data is Pending: Warning ProvisioningFailed: storageclass "fsat" not found/,
    ),
    details: [expect.stringMatching(/ProvisioningFailed/), expect.stringMatching(/WaitForFirstConsumer/)],
    hint: expect.stringMatching(/describe pvc data/),
  });
});

test.each([
  ['waits for the pod itself', scene('Pending', [...waits])],
  ['is bound', scene('Bound', ['Warning', 'ProvisioningFailed', 'was away'])],
  ['says nothing', scene('Pending')],
])('a claim that %s is not what holds the pod up', async (_what, kube) => {
  const error = await saidOf(kube);
  expect(error).toMatchObject({
    message: expect.stringMatching(/after 300 s: it can't be scheduled$/),
    hint: expect.stringMatching(/--node-selector/),
  });
});

test('what each node has against the pod is named where it is not the claim: the scheduler names no taint', async () => {
  const kube = scene('Bound');
  const conditions = [{ type: 'Ready', status: 'True' }];
  for (let i = 0; i < 8; i++) {
    const taints = i === 0 ? [] : [{ key: 'team', value: `${i}`, effect: 'NoSchedule' }];
    kube.objects.create('/nodes', { metadata: { name: `n${i}` }, spec: { taints }, status: { conditions } });
  }
  const against = [1, 2, 3, 4, 5].map((i) => `node n${i}: it has the taint team=${i}:NoSchedule`);
  expect(await saidOf(kube)).toMatchObject({ details: [...against, 'and 2 nodes more'] });
});

test('who may not look at the claim is told what the pod says', async () => {
  const kube = scene('Pending');
  kube.before = () => {
    throw apiError(403, 'forbidden', 'Forbidden');
  };
  expect((await saidOf(kube)).message).toMatch(/it can't be scheduled$/);
});
