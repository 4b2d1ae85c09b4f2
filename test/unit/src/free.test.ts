import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { free } from '../../../src/free.ts';

test('a large buffer with memory of its own gives it back at once', () => {
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  free(buffer.subarray(100));
  expect(buffer.length).toBe(0);
  // Twice does no harm.
  free(buffer);
});

test('what shares its memory with others, and what is small, is left alone', () => {
  const whole = Buffer.alloc(1 << 20, 7);
  free(whole.subarray(0, 1000));
  expect([whole.length, whole[5]]).toEqual([1 << 20, 7]);
  const small = Buffer.from('small');
  free(small);
  expect(small.toString()).toBe('small');
});
