import { describe, expect, test } from '@jest/globals';
import { retry, retryUntilAborted } from '../../../../src/async/retry.ts';
import type { Clock } from '../../../../src/clock.ts';

/** A clock that notes how long it was asked to sleep, and does not. */
function fakeSleeper(): Clock & { slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    monotonic: () => 0,
    now: () => new Date(0),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
    },
  };
}

const pause = { firstMs: 100, mostMs: 1_000 };

describe('retry', () => {
  test('goes on until an attempt succeeds, with growing pauses up to the longest', async () => {
    const clock = fakeSleeper();
    const heard: unknown[] = [];
    const result = await retry(
      async (failures) => {
        if (failures < 6) throw new Error(`${failures}`);
        return failures;
      },
      {
        pause,
        clock,
        signal: new AbortController().signal,
        failed: (error) => heard.push((error as Error).message),
      },
    );
    expect(result).toBe(6);
    expect(heard).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(clock.slept[0]).toBeGreaterThanOrEqual(100);
    expect(clock.slept[0]).toBeLessThanOrEqual(200);
    expect(clock.slept[5]).toBe(1_000);
  });

  test('ends with what the listener throws', async () => {
    const clock = fakeSleeper();
    const failed = (error: unknown) => {
      throw new Error(`given up: ${(error as Error).message}`);
    };
    const signal = new AbortController().signal;
    const attempt = async () => {
      throw new Error('wrong');
    };
    await expect(retry(attempt, { pause, clock, signal, failed })).rejects.toThrow('given up: wrong');
    expect(clock.slept).toEqual([]);
  });

  test('ends with the reason of its signal, and tells nobody of a failure that came of it', async () => {
    const stop = new AbortController();
    const heard: unknown[] = [];
    const attempt = async () => {
      stop.abort(new Error('stopped'));
      throw new Error('cut off');
    };
    const options = {
      pause,
      clock: fakeSleeper(),
      signal: stop.signal,
      failed: (e: unknown) => heard.push(e),
    };
    await expect(retry(attempt, options)).rejects.toThrow('stopped');
    expect(heard).toEqual([]);
  });

  test('begins with a pause where something has failed already', async () => {
    const clock = fakeSleeper();
    const attempt = async () => expect(clock.slept).toHaveLength(1);
    const { signal } = new AbortController();
    await retry(attempt, { pause, pauseFirst: true, clock, signal, failed: () => {} });
    expect(clock.slept).toHaveLength(1);
  });
});

describe('retryUntilAborted', () => {
  const always = async () => {
    throw new Error('wrong');
  };

  test('resolves when its signal is aborted', async () => {
    const stop = new AbortController();
    let failures = 0;
    const failed = () => {
      failures += 1;
      if (failures === 3) stop.abort(new Error('stopped'));
    };
    await retryUntilAborted(always, { pause, clock: fakeSleeper(), signal: stop.signal, failed });
    expect(failures).toBe(3);
  });

  test('rejects with what the listener throws', async () => {
    const failed = (error: unknown) => {
      throw error;
    };
    const { signal } = new AbortController();
    await expect(retryUntilAborted(always, { pause, clock: fakeSleeper(), signal, failed })).rejects.toThrow(
      'wrong',
    );
  });
});
