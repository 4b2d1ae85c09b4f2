import { describe, expect, test } from '@jest/globals';
import { PodDiagnosis } from '../../../../../plugins/x8sync/monitor/pod-diagnosis.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';

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

describe('PodDiagnosis', () => {
  test('a pod that is starting has none', () => {
    expect(new PodDiagnosis().diagnose(waiting('ContainerCreating'))).toBeUndefined();
  });

  test("says the scheduler's reason, and that waiting may help", () => {
    const message = '0/2 nodes are available: 2 node(s) had volume node affinity conflict';
    const condition = { type: 'PodScheduled', status: 'False' as const, reason: 'Unschedulable', message };
    const trouble = new PodDiagnosis().diagnose(pod({ phase: 'Pending', conditions: [condition] }));
    expect(trouble).toEqual({ text: expect.stringContaining(message), fatal: false });
  });

  test('an image that can not be pulled is fatal at the second failure, not before', () => {
    const diagnosis = new PodDiagnosis();
    expect(diagnosis.diagnose(waiting('ErrImagePull'))).toMatchObject({ fatal: false });
    expect(diagnosis.diagnose(waiting('ErrImagePull'))).toMatchObject({ fatal: false });
    expect(diagnosis.diagnose(waiting('ImagePullBackOff'))).toMatchObject({ fatal: false });
    const second = diagnosis.diagnose(waiting('ErrImagePull', 'not found'));
    expect(second).toEqual({ text: "image img:1 can't be pulled: not found", fatal: true });
  });

  test('a pod that failed after it had begun tells why by itself; one that had not does not', () => {
    const failed = pod({ phase: 'Failed', reason: 'Evicted' });
    expect(new PodDiagnosis().diagnose(failed)).toEqual({ text: 'Evicted', fatal: true });
    expect(new PodDiagnosis().diagnose(failed, true)).toBeUndefined();
  });

  test('a node that is silent is said, also once its pod is deleted there, and taken back when it speaks', () => {
    const diagnosis = new PodDiagnosis();
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
    expect(diagnosis.diagnose(running('True'), true)).toBeUndefined();
    expect(diagnosis.diagnose(running('False'), true)).toEqual(lost);
    expect(diagnosis.diagnose(running('False', '2026-01-01T00:00:00Z'), true)).toEqual(lost);
    expect(diagnosis.diagnose(running('True'), true)).toBeUndefined();
    // One that is deleted in the ordinary way ends by itself.
    expect(diagnosis.diagnose(running('False', '2026-01-01T00:00:00Z'), true)).toBeUndefined();
  });

  test('a probe that fails is no silence of the node: its kubelet has said so', () => {
    const conditions = ['Ready', 'ContainersReady'].map((type) => ({ type, status: 'False' as const }));
    const unready: Pod = {
      metadata: { name: 'p' },
      spec: { containers: [], nodeName: 'n1' },
      status: {
        phase: 'Running',
        conditions,
        containerStatuses: [{ name: 'c', image: 'img:1', state: { running: {} } }],
      },
    };
    expect(new PodDiagnosis().diagnose(unready)).toBeUndefined();
  });

  test('two pods fail for themselves', () => {
    expect(new PodDiagnosis().diagnose(waiting('ErrImagePull'))).toMatchObject({ fatal: false });
    expect(new PodDiagnosis().diagnose(waiting('ErrImagePull'))).toMatchObject({ fatal: false });
  });

  test.each(['InvalidImageName', 'ErrImageNeverPull', 'CrashLoopBackOff'])(
    '%s is fatal at once',
    (reason) => {
      expect(new PodDiagnosis().diagnose(waiting(reason))).toMatchObject({ fatal: true });
    },
  );

  test('a container that is killed for memory again and again is fatal, with what may help', () => {
    const pod = waiting('CrashLoopBackOff');
    const [status] = pod.status?.containerStatuses ?? [];
    const lastState = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    const killed = {
      ...pod,
      status: { ...pod.status, containerStatuses: [{ ...status, lastState }] },
    } as Pod;
    expect(new PodDiagnosis().diagnose(killed)).toEqual({
      text: expect.stringMatching(/killed for memory .*OOMKilled/),
      fatal: true,
      hint: expect.stringMatching(/^--memory/),
    });
  });
});
