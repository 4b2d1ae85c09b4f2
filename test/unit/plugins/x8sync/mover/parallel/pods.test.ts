/** Over how many pods a copy is spread: by access modes, strategy, nodes, streams and the tree. */
import { describe, expect, test } from '@jest/globals';
import {
  choosePods,
  leastStreams,
  type PodsLook,
  podsNotice,
  streamsOfPods,
} from '../../../../../../plugins/x8sync/mover/parallel/pods.ts';
import {
  onePod,
  type PodsWish,
  podsEnv,
  readPodsWish,
} from '../../../../../../plugins/x8sync/mover/protocol/pods.ts';

const shared = ['ReadWriteMany'];
const wish: PodsWish = { asked: 'auto', modes: { source: shared, target: shared }, nodes: 3 };
const look: PodsLook = { isMounted: true, streams: 4, files: 500_000, bytes: 2 ** 30 };
const single = { source: ['ReadWriteOnce'], target: ['ReadWriteOnce'] };

describe('auto', () => {
  test.each<[string, Partial<PodsWish>, Partial<PodsLook>, number, RegExp]>([
    ['many files, and nodes for them', {}, {}, 3, /large/],
    ['much data, and nodes for it', {}, { files: 10, bytes: 200 * 2 ** 30 }, 3, /large/],
    ['no more pods than streams', {}, { streams: 2 }, 2, /large/],
    ['no more than four', { nodes: 30 }, { streams: 32 }, 4, /large/],
    ['a small tree', {}, { files: 399_999 }, 1, /soon copied/],
    ['a tree that nobody could count', {}, { files: undefined, bytes: undefined }, 1, /soon copied/],
    ['one node', { nodes: 1 }, {}, 1, /one node/],
    ['nodes that may not be asked', { nodes: undefined }, {}, 1, /may not be asked/],
    ['one stream', {}, { streams: 1 }, 1, /one stream/],
    ['a source that is not mounted', {}, { isMounted: false }, 1, /serves the source/],
    ['claims of one node', { modes: single }, {}, 1, /target claim is not ReadWriteMany/],
    ['a source of one node', { modes: { ...single, target: shared } }, {}, 1, /source claim is not/],
    ['a source that many read', { modes: { source: ['ReadOnlyMany'], target: shared } }, {}, 3, /large/],
  ])('%s', (_, wished, seen, pods, why) => {
    const chosen = choosePods({ ...wish, ...wished }, { ...look, ...seen });
    expect(chosen).toEqual({ pods, why: expect.stringMatching(why) });
  });
});

describe('what was asked for', () => {
  const small = { ...look, files: 3, bytes: 3 };

  test('is done for a small tree too, and where nodes may not be asked', () => {
    expect(choosePods({ ...wish, asked: 3 }, small)).toEqual({ pods: 3, why: 'as asked for' });
    expect(choosePods({ ...wish, asked: 4, nodes: undefined }, small).pods).toBe(4);
  });

  test('has its limits in nodes and streams', () => {
    expect(choosePods({ ...wish, asked: 4 }, small)).toEqual({ pods: 3, why: 'so many nodes admit the pod' });
    expect(choosePods({ ...wish, asked: 8, nodes: 9 }, small)).toEqual({
      pods: 4,
      why: 'so many streams copy',
    });
    expect(choosePods({ ...wish, asked: 2, modes: single }, small).pods).toBe(1);
    expect(choosePods({ ...wish, asked: 1 }, look)).toEqual({ pods: 1, why: 'one was asked for' });
  });

  test('takes a stream in each pod, where there can be pods', () => {
    expect(leastStreams({ ...wish, asked: 3 }, look)).toBe(3);
    expect(leastStreams({ ...wish, asked: 9 }, look)).toBe(3);
    expect(leastStreams({ ...wish, asked: 3, modes: single }, look)).toBe(1);
    expect(leastStreams(wish, look)).toBe(1);
  });
});

test('who gets fewer pods than were asked for hears why', () => {
  const small = { ...look, files: 3, bytes: 3 };
  const notice = (more: Partial<PodsWish>) => {
    const wished = { ...wish, ...more };
    return podsNotice(wished, choosePods(wished, small));
  };
  expect(notice({ asked: 3, modes: single })).toBe(
    '--pods 3: one pod copies, since the target claim is not ReadWriteMany',
  );
  expect(notice({ asked: 9 })).toBe('--pods 9: 3 pods copy, since so many nodes admit the pod');
  expect([notice({ asked: 3 }), notice({}), notice({ asked: 1 })]).toEqual([undefined, undefined, undefined]);
});

test('streams are spread evenly, and the mover has the first that is over', () => {
  expect(streamsOfPods(4, 2)).toEqual([2, 2]);
  expect(streamsOfPods(5, 3)).toEqual([2, 2, 1]);
  expect(streamsOfPods(3, 3)).toEqual([1, 1, 1]);
  expect(streamsOfPods(4, 1)).toEqual([4]);
});

test('a wish goes to the mover as it is; what is not said is one pod', () => {
  expect(readPodsWish(podsEnv(wish))).toEqual(wish);
  expect(podsEnv({ ...wish, asked: 1 })).toEqual({});
  expect(readPodsWish({})).toEqual(onePod);
});
