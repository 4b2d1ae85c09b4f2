/** Whether what was started has come up as it is to. */
import { describe, expect, test } from '@jest/globals';
import { hasStarted, isReady } from '../../../../../plugins/x8sync/cutover/readiness.ts';
import type { WorkloadObject } from '../../../../../plugins/x8sync/records/claim-workloads.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

describe('a workload', () => {
  test('is ready once its controller has seen the change and the pods are', () => {
    const object = (generation: number, status: object) =>
      ({ metadata: { name: 'x', generation }, status }) as unknown as WorkloadObject;
    const all = { observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2 };
    const [two, none] = [2, 0].map((replicas) => ({ kind: 'Deployment' as const, replicas }));
    if (!two || !none) throw new Error('there are two');
    expect(isReady(object(3, all), two)).toBe(true);
    expect(isReady(object(3, { ...all, observedGeneration: 2 }), two)).toBe(false);
    expect(isReady(object(3, { ...all, readyReplicas: 1 }), two)).toBe(false);
    expect(isReady(object(3, { observedGeneration: 3 }), none)).toBe(true);
    expect(isReady(undefined, two)).toBe(false);
  });

  test('is not ready while its pods are of an older template', () => {
    const status = { observedGeneration: 3, replicas: 2, updatedReplicas: 0, readyReplicas: 2 };
    const object = { metadata: { name: 'x', generation: 3 }, status } as unknown as WorkloadObject;
    expect(isReady(object, { kind: 'Deployment', replicas: 2 })).toBe(false);
    const mixed = { ...object, status: { ...status, replicas: 3, updatedReplicas: 2 } };
    expect(isReady(mixed, { kind: 'Deployment', replicas: 2 })).toBe(false);
    // By its strategy it may give the old one on purpose.
    expect(isReady(object, { kind: 'StatefulSet', replicas: 2 })).toBe(true);
  });

  test('is ready with the pods that an autoscaler leaves it', () => {
    const status = { observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2 };
    const object = { metadata: { name: 'x', generation: 3 }, spec: { replicas: 2 }, status };
    const five = { kind: 'Deployment', replicas: 5 } as const;
    expect(isReady(object as unknown as WorkloadObject, five)).toBe(true);
    const less = { ...object, status: { ...status, readyReplicas: 1 } };
    expect(isReady(less as unknown as WorkloadObject, five)).toBe(false);
    const nothing = { ...object, spec: { replicas: 0 }, status: { observedGeneration: 3 } };
    expect(isReady(nothing as unknown as WorkloadObject, five)).toBe(false);
  });
});

test('one that somebody has scaled to 0 meanwhile will not come up, and is not waited for', () => {
  const spec = {
    replicas: 0,
    template: { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'new' } }] } },
  };
  const object = {
    metadata: { name: 'web', uid: '1', generation: 3 },
    spec,
    status: { observedGeneration: 3 },
  };
  const web = { kind: 'Deployment', name: 'web', uid: '1', replicas: 3 } as const;
  const ref = { kube: fakeKube(), namespace: 'shop', claim: 'new' };
  expect(() => hasStarted(object as unknown as WorkloadObject, web, ref)).toThrow(
    /Deployment web was scaled to 0 by somebody else while it was to start/,
  );
});
