import { describe, expect, test } from '@jest/globals';
import { WorkQueue } from '../../../../../plugins/nsreplicate/jobs/work-queue.ts';
import type { Clock } from '../../../../../src/clock.ts';

/** A clock whose sleepers wake when the test says so. */
function fakeClock() {
  const sleepers: { ms: number; wake: () => void }[] = [];
  const clock: Clock = {
    monotonic: () => 0,
    now: () => new Date(0),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
        sleepers.push({ ms, wake: resolve });
      }),
  };
  return { clock, sleepers };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function setUp(workers: number) {
  const { clock, sleepers } = fakeClock();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const errors: unknown[] = [];
  const controller = new AbortController();
  const queue = new WorkQueue({
    workers,
    clock,
    signal: controller.signal,
    failed: (error) => errors.push(error),
    work: (key) => {
      begun.push(key);
      return new Promise((resolve) => ends.set(key, resolve));
    },
  });
  const end = async (key: string) => {
    ends.get(key)?.();
    await turn();
  };
  return { queue, begun, end, sleepers, controller, errors };
}

describe('the work queue', () => {
  test('one worker a key, and once more for all that came meanwhile', async () => {
    const { queue, begun, end } = setUp(4);
    for (let index = 0; index < 5; index++) queue.add('a');
    expect(begun).toEqual(['a']);
    await end('a');
    expect(begun).toEqual(['a', 'a']);
    await end('a');
    expect(begun).toEqual(['a', 'a']);
    expect(queue.size).toBe(0);
  });

  test('no more workers than allowed, in the order of arrival', async () => {
    const { queue, begun, end } = setUp(2);
    for (const key of ['a', 'b', 'c', 'b']) queue.add(key);
    expect(begun).toEqual(['a', 'b']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  test('a delayed key comes when its time is over; what is newer comes at once, and only that', async () => {
    const { queue, begun, sleepers, end } = setUp(1);
    queue.addAfter('a', 500);
    queue.addAfter('b', 700);
    expect(begun).toEqual([]);
    expect(queue.delayed).toBe(2);
    queue.add('a');
    expect(begun).toEqual(['a']);
    await end('a');
    sleepers[0]?.wake();
    await turn();
    expect(begun).toEqual(['a']);
    sleepers[1]?.wake();
    await turn();
    expect(begun).toEqual(['a', 'b']);
  });

  test('pausing begins nothing new', async () => {
    const { queue, begun } = setUp(1);
    queue.pause();
    queue.add('a');
    expect(begun).toEqual([]);
    queue.resume();
    expect(begun).toEqual(['a']);
  });

  test('a failing worker is reported and ends nothing', async () => {
    const { clock } = fakeClock();
    const errors: unknown[] = [];
    const done: string[] = [];
    const queue = new WorkQueue({
      workers: 1,
      clock,
      signal: new AbortController().signal,
      failed: (error) => errors.push(error),
      work: async (key) => {
        if (key === 'bad') throw new Error('broken');
        done.push(key);
      },
    });
    queue.add('bad');
    queue.add('good');
    await turn();
    expect(errors).toHaveLength(1);
    expect(done).toEqual(['good']);
  });

  test('after the signal nothing begins', () => {
    const { queue, begun, controller } = setUp(1);
    controller.abort();
    queue.add('a');
    expect(begun).toEqual([]);
  });

  test('is idle once nothing is worked on; what waits when it was ended is not begun', async () => {
    const { queue, begun, end, controller } = setUp(2);
    await queue.idle();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    controller.abort();
    let idle = false;
    const waiting = queue.idle().then(() => {
      idle = true;
    });
    await end('a');
    expect([begun, idle]).toEqual([['a', 'b'], false]);
    await end('b');
    await waiting;
    expect([begun, idle]).toEqual([['a', 'b'], true]);
  });
});
