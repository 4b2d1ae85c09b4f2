import { describe, expect, test } from '@jest/globals';
import { PodTroubles } from '../../../../../plugins/x8sync/monitor/pod-trouble.ts';
import type { Pod } from '../../../../../src/kube/objects.ts';

const pod = (status: NonNullable<Pod['status']>): Pod => ({
  metadata: { name: 'p' },
  spec: { containers: [] },
  status,
});
const waiting = (reason: string, message = 'why') =>
  pod({
    phase: 'Pending',
    containerStatuses: [{ name: 'c', image: 'img:1', state: { waiting: { reason, message } } }],
  });

describe('PodTroubles', () => {
  test('a pod that is starting has none', () => {
    expect(new PodTroubles().look(waiting('ContainerCreating'))).toBeUndefined();
  });

  test("says the scheduler's reason, and that waiting may help", () => {
    const message = '0/2 nodes are available: 2 node(s) had volume node affinity conflict';
    const condition = { type: 'PodScheduled', status: 'False' as const, reason: 'Unschedulable', message };
    const trouble = new PodTroubles().look(pod({ phase: 'Pending', conditions: [condition] }));
    expect(trouble).toEqual({ text: expect.stringContaining(message), fatal: false });
  });

  test('an image that can not be pulled is fatal at the second failure, not before', () => {
    const troubles = new PodTroubles();
    expect(troubles.look(waiting('ErrImagePull'))).toMatchObject({ fatal: false });
    expect(troubles.look(waiting('ErrImagePull'))).toMatchObject({ fatal: false });
    expect(troubles.look(waiting('ImagePullBackOff'))).toMatchObject({ fatal: false });
    const second = troubles.look(waiting('ErrImagePull', 'not found'));
    expect(second).toEqual({ text: "image img:1 can't be pulled: not found", fatal: true });
  });

  test('a pod that failed after it had begun tells why by itself; one that had not does not', () => {
    const failed = pod({ phase: 'Failed', reason: 'Evicted' });
    expect(new PodTroubles().look(failed)).toEqual({ text: 'Evicted', fatal: true });
    expect(new PodTroubles().look(failed, true)).toBeUndefined();
  });

  test('a node that is silent is said, also once its pod is deleted there, and taken back when it speaks', () => {
    const troubles = new PodTroubles();
    const running = (ready: 'True' | 'False', deletionTimestamp?: string): Pod => ({
      metadata: { name: 'p', ...(deletionTimestamp ? { deletionTimestamp } : {}) },
      spec: { containers: [], nodeName: 'n1' },
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: ready }],
        containerStatuses: [{ name: 'c', image: 'img:1', state: { running: {} } }],
      },
    });
    const lost = { text: 'node n1 does not answer; its pod is waited for', fatal: false };
    expect(troubles.look(running('True'), true)).toBeUndefined();
    expect(troubles.look(running('False'), true)).toEqual(lost);
    expect(troubles.look(running('False', '2026-01-01T00:00:00Z'), true)).toEqual(lost);
    expect(troubles.look(running('True'), true)).toBeUndefined();
    // One that is deleted in the ordinary way ends by itself.
    expect(troubles.look(running('False', '2026-01-01T00:00:00Z'), true)).toBeUndefined();
  });

  test('two pods fail for themselves', () => {
    expect(new PodTroubles().look(waiting('ErrImagePull'))).toMatchObject({ fatal: false });
    expect(new PodTroubles().look(waiting('ErrImagePull'))).toMatchObject({ fatal: false });
  });

  test.each(['InvalidImageName', 'ErrImageNeverPull', 'CrashLoopBackOff'])(
    '%s is fatal at once',
    (reason) => {
      expect(new PodTroubles().look(waiting(reason))).toMatchObject({ fatal: true });
    },
  );
});
