import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backOff, GrowingPauses } from '../../../../src/async/back-off.ts';
import { hastyClock } from '../../support/fake-clock.ts';

test.each([
  [0, 800, 1_600],
  [1, 1_600, 3_200],
  [3, 6_400, 12_800],
  [20, 30_000, 30_000],
])('after %d failures it is between %d and %d ms', (failures, least, most) => {
  const limits = { firstMs: 800, mostMs: 30_000 };
  expect(backOff(failures, limits, () => 0)).toBe(least);
  expect(backOff(failures, limits, () => 1)).toBe(most);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (random) => {
      const pause = backOff(failures, limits, () => random);
      expect(pause).toBeGreaterThanOrEqual(least);
      expect(pause).toBeLessThanOrEqual(most);
    }),
  );
});

test('pauses grow from one to the next, and begin anew after a success', async () => {
  const clock = hastyClock();
  const pauses = new GrowingPauses({ firstMs: 100, mostMs: 1_000 }, clock);
  const { signal } = new AbortController();
  const next = async () => {
    const before = clock.monotonic();
    await pauses.wait(signal);
    return clock.monotonic() - before;
  };
  expect(pauses.isFirst).toBe(true);
  expect(await next()).toBeLessThanOrEqual(200);
  expect(pauses.isFirst).toBe(false);
  expect(await next()).toBeGreaterThanOrEqual(200);
  expect(await next()).toBeGreaterThanOrEqual(400);
  pauses.reset();
  expect(pauses.isFirst).toBe(true);
  expect(await next()).toBeLessThanOrEqual(200);
});
