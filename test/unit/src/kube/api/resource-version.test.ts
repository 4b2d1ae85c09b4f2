import { describe, expect, test } from '@jest/globals';
import { isOlder } from '../../../../../src/kube/api/resource-version.ts';

describe('isOlder', () => {
  test('compares as numbers, whatever their length', () => {
    expect(isOlder('9', '10')).toBe(true);
    expect(isOlder('10', '9')).toBe(false);
    expect(isOlder('12345678901234567890', '12345678901234567891')).toBe(true);
    expect(isOlder('7', '7')).toBe(false);
  });

  test('says nothing of what is no number', () => {
    expect(isOlder('', '7')).toBe(false);
    expect(isOlder('7', '')).toBe(false);
    expect(isOlder('abc', '7')).toBe(false);
  });
});
