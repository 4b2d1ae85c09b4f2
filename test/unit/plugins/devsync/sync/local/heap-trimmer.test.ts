import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { HeapTrimmer } from '../../../../../../plugins/devsync/sync/local/heap-trimmer.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('the heap is collected once after a burst, whoever worked, and not while anybody still does', () => {
  const trim = jest.fn();
  const trimmer = new HeapTrimmer(trim);
  trimmer.note(20_000);
  for (let batch = 0; batch < 10; batch++) {
    jest.advanceTimersByTime(1_000);
    // Another endpoint of the same process.
    trimmer.note(1_000);
  }
  expect(trim).not.toHaveBeenCalled();
  jest.advanceTimersByTime(2_000);
  expect(trim).toHaveBeenCalledTimes(1);
  jest.advanceTimersByTime(60_000);
  expect(trim).toHaveBeenCalledTimes(1);
});

test('a few saves collect nothing', () => {
  const trim = jest.fn();
  const trimmer = new HeapTrimmer(trim);
  trimmer.note(10);
  jest.advanceTimersByTime(60_000);
  expect(trim).not.toHaveBeenCalled();
});
