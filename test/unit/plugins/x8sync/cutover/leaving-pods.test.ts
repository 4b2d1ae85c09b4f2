/** Pods that keep a source in use once its workload was told to stop: awaited where they go by themselves, said else. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { LeavingPods } from '../../../../../plugins/x8sync/cutover/leaving-pods.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';
import { deployments, pods, replicaSets } from '../../../../../src/kube/api/resources.ts';
import {
  beforeStop,
  counts,
  events,
  hurry,
  kube,
  makeStranger,
  namespace,
  object,
  openShop,
  owner,
  replicas,
  reporter,
  run,
  stateNow,
  volumes,
  whileLong,
} from '../../../support/cutover-scene.ts';
import { hastyClock } from '../../../support/fake-clock.ts';

beforeEach(openShop);

/** A pod of that workload, which no controller of the scene takes away. */
async function makePodOf(workload: string, name: string): Promise<void> {
  const deployment = await kube.get(deployments, { namespace, name: workload });
  const set = await kube.create(
    replicaSets,
    object(`${workload}-other-set`, {}, owner('Deployment', deployment)),
  );
  const fields = { spec: volumes('old'), status: { phase: 'Running' } };
  await kube.create(pods, object(name, fields, owner('ReplicaSet', set)));
}

describe('a pod that mounts the source once its workload is told to stop', () => {
  test('and has no workload ends the cutover at once: it is named, and the source runs again', async () => {
    hurry();
    beforeStop(() => makeStranger('extra', 'old'));
    await expect(run(undefined, 'target', undefined, false, { timeoutMs: 0 })).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^pod extra of fake\/shop mounts fake\/shop\/old, which is to stand still, and does not go by itself/,
      ),
      details: ['kubectl --context fake -n shop delete pod/extra'],
    });
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
    expect(events).not.toContain('last copy');
    expect(reporter.warnings).toContainEqual(expect.stringMatching(/^Not cut over: Deployment web \(3\)/));
  });

  test('and is of a workload that runs does so, too', async () => {
    hurry();
    beforeStop(async () => {
      const spec = { replicas: 1, template: { spec: volumes('old') } };
      await kube.create(deployments, object('late', { spec }) as never);
      await makePodOf('late', 'late-pod');
    });
    await expect(run(undefined, 'target', undefined, false, { timeoutMs: 0 })).rejects.toMatchObject({
      message: expect.stringMatching(/^pod late-pod of fake\/shop .* belongs to Deployment late/),
    });
  });

  test.each(['web', 'next'])('and is of one without pods by wish (%s) is awaited', async (name) => {
    hurry();
    beforeStop(async () => {
      await makePodOf(name, 'slow');
      void whileLong().then(() => kube.delete(pods, { namespace, name: 'slow' }));
    });
    await run(undefined, 'target', undefined, false, { timeoutMs: 0 });
    expect(await counts()).toEqual({ web: 0, next: replicas });
  });
});

describe('what is told while pods are awaited', () => {
  const leaving = (fields: object, status: object = { phase: 'Running' }): Pod =>
    ({
      metadata: {
        ...{ name: 'web-1', namespace, uid: 'u', deletionTimestamp: '2026-01-01T00:00:00Z' },
        ...{ deletionGracePeriodSeconds: 30, ...fields },
      },
      spec: { ...volumes('old'), nodeName: 'node-1' },
      status,
    }) as unknown as Pod;

  /** What is said of these for as long as that, a state a second. */
  async function told(seconds: number, at: (second: number) => Pod): Promise<string[]> {
    const clock = hastyClock();
    const lines: string[] = [];
    const over = new AbortController();
    const awaited = new LeavingPods({ kube, namespace, claim: 'old' }, [], {
      reporter: { info: (text) => lines.push(text) },
      clock,
      signal: over.signal,
    });
    const users = () => {
      const second = Math.round(clock.monotonic() / 1000);
      if (second >= seconds) over.abort();
      return [at(second)];
    };
    await expect(awaited.untilHeld(users)).rejects.toThrow();
    return lines;
  }

  test('is nothing of pods that go within a moment', async () => {
    expect(await told(3, () => leaving({}))).toEqual([]);
  });

  test('is their names once, and then what keeps one that ought to be gone', async () => {
    const lines = await told(60, () => leaving({ finalizers: ['shop.example/drain'] }));
    expect(lines).toEqual([
      'Waiting for pod web-1 to end, for which 30 s are granted (terminationGracePeriodSeconds)',
      'Still in use: pod web-1: kept by its finalizer shop.example/drain, though its 30 s are over',
    ]);
  });

  test('is that its node may be gone, where nothing else keeps it', async () => {
    expect((await told(60, () => leaving({}))).at(-1)).toBe(
      'Still in use: pod web-1: its 30 s are over, and node node-1 has not said that it has ended',
    );
  });

  test('is that its node does not answer, where it was silent before', async () => {
    const conditions = [{ type: 'Ready', status: 'False' }];
    const containerStatuses = [{ name: 'c', state: { running: {} } }];
    const status = { phase: 'Running', conditions, containerStatuses };
    const pod = (second: number) => leaving(second === 0 ? { deletionTimestamp: undefined } : {}, status);
    const [first] = await told(10, (second) => ({
      ...pod(second),
      metadata: {
        ...pod(second).metadata,
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'gone', uid: 'g', controller: true },
        ],
      },
    }));
    expect(first).toBe('Still in use: pod web-1: node node-1 does not answer; its pod is waited for');
  });
});
