import { describe, expect, test } from '@jest/globals';
import { besideContext, writtenUser } from '../../../../../../plugins/devsync/launch/security.ts';
import { chooseTarget } from '../../../../../../plugins/devsync/session/pods/pods.ts';
import type { Pod } from '../../../../../../src/kube/api/objects.ts';

interface Shape {
  name: string;
  created?: string;
  ready?: boolean;
  leaving?: boolean;
  id?: string;
}

const podOf = ({ name, created = '2026-01-01T00:00:00Z', ready = true, leaving, id = name }: Shape): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, creationTimestamp: created, ...(leaving && { deletionTimestamp: created }) },
  spec: { containers: [{ name: 'app' }] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [
      { name: 'app', ready, containerID: `containerd://${id}`, imageID: 'i', state: { running: {} } },
    ],
  },
});

const pendingPod = (status: Pod['status']): Pod => ({
  ...podOf({ name: 'new', created: '2026-02-01T00:00:00Z' }),
  status: { phase: 'Pending', ...status },
});

const chosen = (pods: Pod[], current?: Pod) =>
  chooseTarget(pods, { selector: 'app=x' }, current && chooseTarget([current], {}, undefined).target).target
    ?.pod.metadata.name;

describe('the pod to sync with', () => {
  test('is the oldest Ready one, by name among equals', () => {
    const pods = [
      podOf({ name: 'young', created: '2026-01-03T00:00:00Z' }),
      podOf({ name: 'b' }),
      podOf({ name: 'a' }),
      podOf({ name: 'oldest', created: '2025-01-01T00:00:00Z', ready: false }),
    ];
    expect(chosen(pods)).toBe('a');
  });

  test('stays the same while it is there, even when it is not Ready for a moment', () => {
    const current = podOf({ name: 'z', created: '2026-05-01T00:00:00Z', ready: true });
    const now = podOf({ name: 'z', created: '2026-05-01T00:00:00Z', ready: false });
    expect(chosen([podOf({ name: 'a' }), now], current)).toBe('z');
  });

  test('is left when it terminates, or its container is another one', () => {
    const current = podOf({ name: 'z' });
    expect(chosen([podOf({ name: 'a' }), podOf({ name: 'z', leaving: true })], current)).toBe('a');
    expect(chosen([podOf({ name: 'a' }), podOf({ name: 'z', id: 'restarted' })], current)).toBe('a');
  });

  test('is the one whose program is held back: it is not Ready before it is synced', () => {
    const held = podOf({ name: 'z', id: 'again', ready: false });
    const choose = (isHeld: (id: string) => boolean) =>
      chooseTarget([podOf({ name: 'a' }), held], { selector: 'app=x' }, undefined, isHeld);
    expect(choose((id) => id === 'containerd://again')).toMatchObject({
      target: { containerId: 'containerd://again' },
      message: 'pod z, whose program is held back',
    });
    expect(choose(() => false).target?.pod.metadata.name).toBe('a');
  });

  test.each<[string, Pod[], object, RegExp]>([
    ['none there', [], { selector: 'app=x' }, /no pod with app=x/],
    ['none of that name', [], { pod: 'p' }, /no pod p/],
    [
      'one that is on its way out, and one without a node',
      [
        podOf({ name: 'old', leaving: true }),
        pendingPod({
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message: '0/2 nodes are available',
            },
          ],
        }),
      ],
      { selector: 'app=x' },
      /none of 2 is ready; new has no node yet: Unschedulable, 0\/2 nodes are available$/,
    ],
    [
      'one whose image cannot be had',
      [
        pendingPod({
          containerStatuses: [
            { name: 'app', state: { waiting: { reason: 'ImagePullBackOff', message: 'no' } } },
          ],
        }),
      ],
      { pod: 'new' },
      /none of 1 is ready; new waits: ImagePullBackOff, no$/,
    ],
    ['one that has ended', [pendingPod({ phase: 'Failed' })], { pod: 'new' }, /; new has ended: Failed$/],
    ['none Ready', [podOf({ name: 'a', ready: false })], { selector: 'app=x' }, /none of 1 is ready/],
    [
      'no such container',
      [podOf({ name: 'a' })],
      { pod: 'a', container: 'db' },
      /no container db; it has app/,
    ],
  ])('%s: says so', (_, pods, spec, words) => {
    const choice = chooseTarget(pods, spec, undefined);
    expect(choice.target).toBeUndefined();
    expect(choice.message).toMatch(words);
  });
});

describe('the container to sync with', () => {
  /** A pod with a proxy that was injected in front, and a sidecar that outlives its start. */
  function meshed(annotation?: string): Pod {
    const plain = podOf({ name: 'web' });
    const statusOf = (name: string) => ({
      name,
      ready: true,
      containerID: `c://${name}`,
      state: { running: {} },
    });
    return {
      ...plain,
      metadata: {
        ...plain.metadata,
        ...(annotation !== undefined && {
          annotations: { 'kubectl.kubernetes.io/default-container': annotation },
        }),
      },
      spec: {
        containers: [{ name: 'proxy' }, { name: 'app' }],
        initContainers: [{ name: 'migrate' }, { name: 'logger', restartPolicy: 'Always' }],
      },
      status: {
        ...plain.status,
        containerStatuses: [statusOf('proxy'), statusOf('app')],
        initContainerStatuses: [statusOf('logger')],
      },
    };
  }
  const choiceIn = (pod: Pod, container?: string) =>
    chooseTarget([pod], { pod: 'web', container }, undefined);

  test.each<[string, Pod, string | undefined, string, string]>([
    ['annotated', meshed('app'), undefined, 'app', 'pod web, container app (annotated as default of 3)'],
    ['the first', meshed(), undefined, 'proxy', 'pod web, container proxy (the first of 3)'],
    ['no such one', meshed('gone'), undefined, 'proxy', 'pod web, container proxy (the first of 3)'],
    ['named', meshed('app'), 'proxy', 'proxy', 'pod web, container proxy'],
    ['a native sidecar', meshed('app'), 'logger', 'logger', 'pod web, container logger'],
    ['the only one', podOf({ name: 'web' }), undefined, 'app', 'pod web, container app'],
  ])('is the one that is meant: %s', (_, pod, named, container, words) => {
    const choice = choiceIn(pod, named);
    expect([choice.target?.container, choice.message]).toEqual([container, words]);
  });

  test('is none that ends before the others begin', () => {
    expect(choiceIn(meshed(), 'migrate')).toEqual({
      target: undefined,
      message: 'pod web has no container migrate; it has proxy, app, logger',
    });
  });
});

describe('an agent beside a container', () => {
  const pod = (own: object, shared: object = {}): Pod => ({
    ...podOf({ name: 'p' }),
    spec: { containers: [{ name: 'app', securityContext: own }], securityContext: shared },
  });

  test('is the user that the pod says, the container’s own word first', () => {
    expect(writtenUser(pod({ runAsUser: 5, runAsGroup: 6 }, { runAsUser: 7 }), 'app')).toEqual({
      uid: 5,
      gid: 6,
    });
    expect(writtenUser(pod({}, { runAsUser: 7, runAsGroup: 8 }), 'app')).toEqual({ uid: 7, gid: 8 });
    expect(writtenUser(pod({}), 'app')).toBeUndefined();
  });

  test('has no more rights than the target, and no way to more', () => {
    const own = {
      runAsUser: 1000,
      capabilities: { add: ['NET_ADMIN'] },
      seccompProfile: { type: 'RuntimeDefault' },
    };
    expect(besideContext(pod(own), 'app', { uid: 1000, gid: undefined })).toEqual({
      runAsUser: 1000,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
    });
    expect(
      besideContext(pod({ capabilities: { drop: ['ALL'], add: ['CHOWN'] } }), 'app', { uid: 0, gid: 0 }),
    ).toMatchObject({
      capabilities: { drop: ['ALL'], add: ['CHOWN'] },
      allowPrivilegeEscalation: false,
    });
  });
});
