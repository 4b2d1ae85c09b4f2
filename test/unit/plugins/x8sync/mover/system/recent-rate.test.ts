import { expect, test } from '@jest/globals';
import { RecentRate } from '../../../../../../plugins/x8sync/mover/system/recent-rate.ts';

test('a rate is of the last five seconds, whatever was before', () => {
  const rate = new RecentRate(0);
  const rates = Array.from({ length: 10 }, (_, second) =>
    rate.next((second + 1) * 1000, (second + 1) * 1000),
  );
  expect(new Set(rates)).toEqual(new Set([1000]));
  expect(rate.next(10_000, 13_000)).toBe(400);
  expect(rate.next(10_000, 30_000)).toBe(0);
  expect(rate.next(15_000, 31_000)).toBe(5000);
});

test('what is taken off again is no rate below none', () => {
  const rate = new RecentRate(0);
  rate.next(4096, 1000);
  expect(rate.next(0, 2000)).toBe(0);
});
