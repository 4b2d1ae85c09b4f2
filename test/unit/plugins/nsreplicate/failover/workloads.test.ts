import { describe, expect, test } from '@jest/globals';
import { claimNames, hasEmptyClaim } from '../../../../../plugins/nsreplicate/failover/claims.ts';
import { lastChange } from '../../../../../plugins/nsreplicate/failover/staleness.ts';
import { unreadiness, workloadOf } from '../../../../../plugins/nsreplicate/failover/workloads.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const object = (spec: object, more: object = {}, annotations = {}): KubeObject => ({
  metadata: { name: 'db', namespace: 'shop', generation: 2, annotations },
  spec,
  ...more,
});

describe('the claims of a workload', () => {
  const template = (claimName: string) => ({
    spec: {
      volumes: [
        { name: 'a', persistentVolumeClaim: { claimName } },
        { name: 'b', emptyDir: {} },
      ],
    },
  });

  test('of a Deployment are those that its pods mount', () => {
    expect(claimNames(workloadOf('Deployment', object({ template: template('files') })))).toEqual(['files']);
  });

  test('of a held StatefulSet are those of all the pods that it had', () => {
    const spec = {
      replicas: 0,
      ordinals: { start: 1 },
      template: template('shared'),
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    };
    const held = workloadOf('StatefulSet', object(spec, {}, { 'x8s.dev/standby': 'replicas=2' }));
    expect(claimNames(held)).toEqual(['shared', 'data-db-1', 'data-db-2']);
  });

  test('are empty where one of them was never filled', () => {
    const claim = { namespace: 'shop', name: 'a', exists: true };
    const filled = { ...claim, filledAt: '2026-01-01T00:00:00Z' };
    expect(hasEmptyClaim({ claims: [filled] })).toBe(false);
    expect(hasEmptyClaim({ claims: [filled, { ...claim, filledAt: undefined }] })).toBe(true);
  });
});

describe('whether a workload is ready', () => {
  test.each([
    ['all pods are there', 'Deployment', { observedGeneration: 2, availableReplicas: 3 }, undefined],
    ['some are', 'Deployment', { observedGeneration: 2, availableReplicas: 1 }, '1 of 3 pods are ready'],
    [
      'the change was not seen yet',
      'Deployment',
      { observedGeneration: 1, availableReplicas: 3 },
      'its controller has not taken it up yet',
    ],
    ['a StatefulSet', 'StatefulSet', { observedGeneration: 2, readyReplicas: 3 }, undefined],
    ['a CronJob runs nothing now', 'CronJob', {}, undefined],
  ] as const)('%s', (_what, kind, status, expected) => {
    expect(unreadiness(workloadOf(kind, object({ replicas: 3 }, { status })))).toBe(expected);
  });

  test('a paused Deployment says so, and what to do, until its pods are there', () => {
    const paused = (availableReplicas: number) =>
      workloadOf(
        'Deployment',
        object({ replicas: 3, paused: true }, { status: { observedGeneration: 2, availableReplicas } }),
      );
    expect(unreadiness(paused(0))).toBe(
      '0 of 3 pods are ready, and it is paused: nothing new is rolled out until `kubectl rollout resume deployment/db -n shop`',
    );
    expect(unreadiness(paused(3))).toBeUndefined();
  });
});

test('the last change of a kind is the last write of the task, not of others', () => {
  const written = (manager: string, time: string): KubeObject => ({
    metadata: { name: 'a', managedFields: [{ manager, time }] },
  });
  expect(
    lastChange([
      written('kubectl-nsreplicate', '2026-01-01T00:00:00Z'),
      written('kubectl-nsreplicate', '2026-01-03T00:00:00Z'),
      written('kubelet', '2026-01-09T00:00:00Z'),
    ]),
  ).toBe('2026-01-03T00:00:00Z');
  expect(lastChange([])).toBeUndefined();
});
