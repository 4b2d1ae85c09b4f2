import { describe, expect, test } from '@jest/globals';
import {
  chooseGroup,
  type GroupTargets,
  noTargets,
  partOf,
  sessionName,
} from '../../../../../../plugins/devsync/session/group/group-targets.ts';
import type { Pod } from '../../../../../../src/kube/api/objects.ts';
import { pod } from '../../support/group-pods.ts';

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

/** What is remembered of the writer. */
const writerPart = ({ writer }: GroupTargets) => writer && partOf(writer);

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
    const current = { writer: writerPart(first), members: [] };
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
    const first = chooseGroup([pod(1), pod(2)], all, '/work', noTargets);
    const current = { writer: writerPart(first), members: first.writer ? [first.writer] : [] };
    const ended = pod(1, { state: { terminated: { exitCode: 0 } } });
    expect(names([ended, pod(2)], all, current).writer).toBe('web-1/app');
    const crashing = pod(1, { state: { waiting: { reason: 'CrashLoopBackOff' } } });
    expect(names([crashing, pod(2)], all, current).writer).toBe('web-2/app');
    expect(names([pod(1, { uid: 'another', state: { terminated: {} } }), pod(2)], all, current).writer).toBe(
      'web-2/app',
    );
  });
});

describe('a writer that is remembered from an earlier watch', () => {
  const current = { writer: { uid: 'u2', container: 'app' }, members: [] };

  test('writes back again, though it is not Ready and an older one is', () => {
    expect(names([pod(1), pod(2, { ready: false })], all, current)).toMatchObject({
      writer: 'web-2/app',
      followers: ['web-1/app'],
    });
  });

  test.each([
    ['has ended', { terminated: { exitCode: 0 } }],
    ['is made', { waiting: { reason: 'ContainerCreating' } }],
  ])('is waited for while its container %s', (_, state) => {
    expect(names([pod(1), pod(2, { state })], all, current)).toMatchObject({
      writer: undefined,
      followers: ['web-1/app'],
      message: 'pod web-2, which writes back, is starting its container app again',
    });
  });

  test.each([
    ['is gone', [pod(1)]],
    ['was made anew under its name', [pod(1), pod(2, { uid: 'another' })]],
    ['leaves', [pod(1), pod(2, { leaving: true })]],
    ['crashes again and again', [pod(1), pod(2, { state: { waiting: { reason: 'CrashLoopBackOff' } } })]],
  ])('gives way to another one where it %s', (_, pods) => {
    expect(names(pods, all, current).writer).toBe('web-1/app');
  });

  test('counts less than the pod that is named, and than the containers that are', () => {
    expect(names([pod(1), pod(2)], { ...all, writer: 'web-1' }, current).writer).toBe('web-1/app');
    expect(names([pod(1), pod(2)], { ...all, container: 'proxy' }, current).writer).toBe('web-1/proxy');
    const restarting = pod(2, { state: { terminated: {} } });
    expect(names([pod(1), restarting], { ...all, writer: 'web-1' }, current).writer).toBe('web-1/app');
    expect(names([pod(1), restarting], { ...all, container: 'proxy' }, current).writer).toBe('web-1/proxy');
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

describe('containers of which one’s directory is a part of the other one’s', () => {
  const both = { ...all, containers: ['app', 'proxy'] };
  const on = (pods: readonly Pod[], remote = '/data') => {
    const { writer, followers, sharing, nested } = chooseGroup(pods, both, remote, noTargets);
    const nameOf = (one: typeof writer) => one && `${one.pod.metadata.name}/${one.container}`;
    return {
      takers: [writer, ...followers].map(nameOf),
      sharing: sharing.map((one) => nameOf(one.target)),
      nested: nested.map((one) => `${nameOf(one.target)} ${one.lies} ${nameOf(one.with)}`),
    };
  };
  const claim = 'shared';

  test.each([
    ['within', { app: 'one', proxy: 'one/inner' }, 'within'],
    ['around', { app: 'one/inner', proxy: './one/' }, 'around'],
    ['in a volume that the other one mounts as a whole', { proxy: 'one' }, 'within'],
  ])('%s: the later one is left out, on a claim and in a volume of the pod', (_, subPaths, lies) => {
    const wanted = { takers: ['web-1/app'], sharing: [], nested: [`web-1/proxy ${lies} web-1/app`] };
    expect(on([pod(1, { subPaths })])).toEqual(wanted);
    expect(on([pod(1, { claim, subPaths })])).toEqual(wanted);
  });

  test('a name that begins alike is another directory', () => {
    expect(on([pod(1, { subPaths: { app: 'one', proxy: 'one-more' } })])).toEqual({
      takers: ['web-1/app', 'web-1/proxy'],
      sharing: [],
      nested: [],
    });
  });

  test('of two pods on one claim; on a claim or a volume each, both take part', () => {
    const [outer, inner] = [
      { app: 'a', proxy: 'b' },
      { app: 'a/in', proxy: 'c' },
    ];
    expect(on([pod(1, { claim, subPaths: outer }), pod(2, { claim, subPaths: inner })])).toEqual({
      takers: ['web-1/app', 'web-1/proxy', 'web-2/proxy'],
      sharing: [],
      nested: ['web-2/app within web-1/app'],
    });
    expect(
      on([pod(1, { claim, subPaths: outer }), pod(2, { claim: 'own', subPaths: inner })]).nested,
    ).toEqual([]);
    expect(on([pod(1, { subPaths: outer }), pod(2, { subPaths: inner })]).nested).toEqual([]);
  });

  test('what REMOTE has below the mount counts', () => {
    // That is in/ of the volume for one, and in/in of it for the other.
    const subPaths = { proxy: 'in' };
    expect(on([pod(1, { subPaths })], '/data/in').nested).toEqual(['web-1/proxy within web-1/app']);
    expect(on([pod(1, { subPaths: { proxy: 'other' } })], '/data/in').nested).toEqual([]);
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
