import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backOff } from '../../../../src/async/back-off.ts';

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
