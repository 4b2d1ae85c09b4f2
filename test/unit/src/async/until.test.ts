import { describe, expect, test } from '@jest/globals';
import { until } from '../../../../src/async/until.ts';

describe('until', () => {
  test('settles as the promise does', async () => {
    const { signal } = new AbortController();
    await expect(until(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(until(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
    await expect(until(Promise.resolve(2), undefined)).resolves.toBe(2);
  });

  test('rejects with the reason of the signal, and what comes later disturbs nobody', async () => {
    const stop = new AbortController();
    const work = Promise.withResolvers<void>();
    const waiting = until(work.promise, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    work.reject(new Error('late'));
    await expect(until(Promise.reject(new Error('later')), stop.signal)).rejects.toThrow('stopped');
  });
});
