import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../../../../src/errors.ts';
import { parseMilliQuantity, parseQuantity } from '../../../../../src/kube/api/quantity.ts';

describe('parseQuantity', () => {
  test.each([
    ['0', 0n],
    ['128974848', 128974848n],
    ['10Gi', 10737418240n],
    ['1.5Gi', 1610612736n],
    ['129e6', 129000000n],
    ['129M', 129000000n],
    ['1E', 1000000000000000000n],
    ['1E3', 1000n],
    ['1Ei', 1152921504606846976n],
    ['128974848000m', 128974848n],
    ['.5Ki', 512n],
    ['5.', 5n],
    ['+1k', 1000n],
    ['-1k', -1000n],
    // Rounded up, as Quantity.Value() does.
    ['100m', 1n],
    ['1.0000001Ki', 1025n],
    ['-100m', 0n],
  ])('%s is %p', (text, value) => expect(parseQuantity(text)).toBe(value));

  test.each(['', 'Gi', '1 Gi', '1gi', '1KB', '0x10', '1e', '--1', '1.2.3', '1e999'])('refuses %p', (text) =>
    expect(() => parseQuantity(text)).toThrow(UsageError),
  );
});

test.each([
  ['10m', 10n],
  ['1.5', 1500n],
  ['1Ki', 1_024_000n],
  ['100u', 1n],
])('parseMilliQuantity: %s is %p thousandths', (text, value) => expect(parseMilliQuantity(text)).toBe(value));
