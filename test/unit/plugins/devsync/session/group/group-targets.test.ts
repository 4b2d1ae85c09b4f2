import { describe, expect, test } from '@jest/globals';
import {
  chooseGroup,
  noTargets,
  sessionName,
} from '../../../../../../plugins/devsync/session/group/group-targets.ts';
import type { Pod } from '../../../../../../src/kube/api/objects.ts';

interface PodOptions {
  readonly ready?: boolean;
  readonly claim?: string;
  readonly state?: object;
  readonly leaving?: boolean;
  readonly uid?: string;
}

/** A pod with two containers; its age is its number. */
function pod(
  number: number,
  { ready = true, claim, state, leaving, uid = `u${number}` }: PodOptions = {},
): Pod {
  const names = ['app', 'proxy'];
  return {
    metadata: {
      name: `web-${number}`,
      namespace: 'shop',
      uid,
      creationTimestamp: `2026-01-01T00:00:0${number}Z`,
      ...(leaving && { deletionTimestamp: '2026-01-02T00:00:00Z' }),
    },
    spec: {
      containers: names.map((name) => ({ name, volumeMounts: [{ name: 'data', mountPath: '/data' }] })),
      volumes: [
        claim === undefined
          ? { name: 'data', emptyDir: {} }
          : { name: 'data', persistentVolumeClaim: { claimName: claim } },
      ],
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: names.map((name) => ({
        name,
        ready,
        containerID: state ? '' : `containerd://${uid}-${name}`,
        imageID: 'i',
        state: state ?? { running: {} },
      })),
    },
  } as unknown as Pod;
}

const all = { selector: 'app=web', container: 'app', everyPod: true } as const;
const names = (pods: readonly Pod[], spec: Parameters<typeof chooseGroup>[1] = all, current = noTargets) => {
  const { writer, followers, sharing, message } = chooseGroup(pods, spec, '/work', current);
  const nameOf = (one: typeof writer) => one && `${one.pod.metadata.name}/${one.container}`;
  return {
    writer: nameOf(writer),
    followers: followers.map(nameOf),
    sharing: sharing.map((one) => `${nameOf(one.target)} as ${nameOf(one.with)}`),
    message,
  };
};

describe('every pod that matches', () => {
  test('takes part: the oldest Ready one writes back, the others follow whether they are ready or not', () => {
    expect(names([pod(3), pod(1, { ready: false }), pod(2)])).toMatchObject({
      writer: 'web-2/app',
      followers: ['web-1/app', 'web-3/app'],
      message: 'pod web-2, container app, writes back',
    });
  });

  test('the writer stays one when an older one becomes Ready, and another one takes over when it goes', () => {
    const first = chooseGroup([pod(1, { ready: false }), pod(2)], all, '/work', noTargets);
    const current = { writer: first.writer, members: [] };
    expect(names([pod(1), pod(2)], all, current).writer).toBe('web-2/app');
    expect(names([pod(1), pod(2, { leaving: true })], all, current)).toMatchObject({
      writer: 'web-1/app',
      followers: [],
    });
  });

  test('the pod that is named writes back, or none does', () => {
    const named = { ...all, writer: 'web-3' };
    expect(names([pod(1), pod(3)], named)).toMatchObject({ writer: 'web-3/app', followers: ['web-1/app'] });
    expect(names([pod(1)], named)).toMatchObject({
      writer: undefined,
      followers: ['web-1/app'],
      message: 'pod web-3, which is to write back, is not ready',
    });
  });

  test('a container that is started again keeps its part, and one that crashes again and again does not', () => {
    const { writer } = chooseGroup([pod(1), pod(2)], all, '/work', noTargets);
    const current = { writer, members: writer ? [writer] : [] };
    const ended = pod(1, { state: { terminated: { exitCode: 0 } } });
    expect(names([ended, pod(2)], all, current).writer).toBe('web-1/app');
    const crashing = pod(1, { state: { waiting: { reason: 'CrashLoopBackOff' } } });
    expect(names([crashing, pod(2)], all, current).writer).toBe('web-2/app');
    expect(names([pod(1, { uid: 'another', state: { terminated: {} } }), pod(2)], all, current).writer).toBe(
      'web-2/app',
    );
  });
});

describe('several containers', () => {
  const both = { ...all, containers: ['app', 'proxy'] };
  test('of one pod take part, and those of other pods do not', () => {
    const { everyPod: _, ...one } = both;
    expect(names([pod(1), pod(2)], one)).toMatchObject({ writer: 'web-1/app', followers: ['web-1/proxy'] });
  });

  test('of every pod take part', () => {
    expect(names([pod(1), pod(2)], both).followers).toEqual(['web-1/proxy', 'web-2/app', 'web-2/proxy']);
  });
});

describe('containers that have the same files', () => {
  const on = (pods: readonly Pod[], containers = ['app']) => {
    const { writer, followers, sharing } = chooseGroup(pods, { ...all, containers }, '/data/src', noTargets);
    return [writer?.pod.metadata.name, followers.length, sharing.map((one) => one.target.pod.metadata.name)];
  };
  test('on one claim are synced once', () => {
    expect(on([pod(1, { claim: 'shared' }), pod(2, { claim: 'shared' })])).toEqual(['web-1', 0, ['web-2']]);
  });
  test('on a claim each are synced each', () => {
    expect(on([pod(1, { claim: 'one' }), pod(2, { claim: 'two' })])).toEqual(['web-1', 1, []]);
  });
  test('in one pod are synced once, and those of another pod on their own', () => {
    expect(on([pod(1), pod(2)], ['app', 'proxy'])).toEqual(['web-1', 1, ['web-1', 'web-2']]);
  });
});

test('what is kept of a session on a claim is for the next pod on it; in a layer, for the pod alone', () => {
  const nameOf = (one: Pod, remote: string) => {
    const { writer } = chooseGroup([one], all, remote, noTargets);
    return writer && sessionName(writer, remote);
  };
  const old = pod(1, { claim: 'data' });
  const next = pod(1, { claim: 'data', uid: 'next' });
  expect(nameOf(old, '/data')).toBe(nameOf(next, '/data'));
  expect(nameOf(old, '/data')).not.toBe(nameOf(old, '/data/src'));
  expect(nameOf(old, '/work')).not.toBe(nameOf(next, '/work'));
});
