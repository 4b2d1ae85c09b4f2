import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Debounce } from '../../../../../../plugins/devsync/sync/scan/debounce.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('a lock that was left behind is waited for once, and not with every save', () => {
  let [isBusy, runs] = [true, 0];
  const debounce = new Debounce({ quiet: 4, cap: 250, isBusy: () => isBusy, run: () => runs++ });
  const runsWithin = (ms: number) => {
    const before = runs;
    debounce.hint();
    jest.advanceTimersByTime(ms);
    return runs - before;
  };
  expect([runsWithin(59_000), runsWithin(2_000)]).toEqual([0, 1]);
  expect(runsWithin(100)).toBe(1);
  // The next git is waited for again.
  isBusy = false;
  expect(runsWithin(100)).toBe(1);
  isBusy = true;
  expect(runsWithin(10_000)).toBe(0);
  isBusy = false;
  expect(runsWithin(100)).toBe(1);
  debounce.close();
});

test('a file that is written to without a pause does not put it off for ever', () => {
  let runs = 0;
  const debounce = new Debounce({ quiet: 50, cap: 200, isBusy: () => false, run: () => runs++ });
  const noisy = setInterval(() => debounce.hint(), 5);
  jest.advanceTimersByTime(195);
  expect(runs).toBe(0);
  jest.advanceTimersByTime(805);
  expect(runs).toBe(4);
  clearInterval(noisy);
  // What it did last is seen once more, as soon as it is quiet.
  jest.advanceTimersByTime(60);
  expect(runs).toBe(5);
  debounce.close();
});
