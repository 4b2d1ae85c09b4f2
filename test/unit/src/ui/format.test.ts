import { describe, expect, test } from '@jest/globals';
import {
  formatAge,
  formatAgeSince,
  formatBytes,
  formatCount,
  formatDuration,
  formatPlural,
  formatRate,
} from '../../../../src/ui/format.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe('bytes', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [10 * 1024, '10 KiB'],
    [1023 * 1024, '1023 KiB'],
    [1023.7 * 1024, '1.0 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [9.96 * 1024 ** 3, '10 GiB'],
    [2 ** 60, '1024 PiB'],
    [-1, '0 B'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test('a second', () => {
    expect(formatRate(112 * 1024 ** 2)).toBe('112 MiB/s');
  });
});

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1_234_567, '1,234,567'],
])('the count %d is %s', (count, text) => {
  expect(formatCount(count)).toBe(text);
});

test('a plural has an s', () => {
  expect([formatPlural(1, 'file'), formatPlural(0, 'file'), formatPlural(1200, 'file')]).toEqual([
    '1 file',
    '0 files',
    '1,200 files',
  ]);
});

test.each([
  [0, '0ms'],
  [99, '99ms'],
  [100, '0.1s'],
  [1234, '1.2s'],
  [9_949, '9.9s'],
  [9_960, '10s'],
  [59_600, '1m0s'],
  [3 * minute + 12 * second, '3m12s'],
  [2 * hour + 5 * minute, '2h5m'],
  [hour - 1, '1h0m'],
])('a duration of %d ms is %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

describe('an age, as kubectl prints it', () => {
  // The cases of apimachinery's own duration_test.go.
  test.each([
    [second, '1s'],
    [70 * second, '70s'],
    [190 * second, '3m10s'],
    [70 * minute, '70m'],
    [47 * hour, '47h'],
    [49 * hour, '2d1h'],
    [8 * day + 2 * hour, '8d'],
    [367 * day, '367d'],
    [2 * 365 * day + 25 * day, '2y25d'],
    [8 * 365 * day + 2 * day, '8y'],
    [2 * minute, '2m'],
    [2 * minute + second, '2m1s'],
    [10 * minute - second, '9m59s'],
    [10 * minute, '10m'],
    [3 * hour, '3h'],
    [3 * hour + minute, '3h1m'],
    [8 * hour - second, '7h59m'],
    [8 * hour, '8h'],
    [2 * day, '2d'],
    [8 * day - hour, '7d23h'],
    [8 * day, '8d'],
    [2 * 365 * day - hour, '729d'],
    [2 * 365 * day, '2y'],
    [-minute, '0s'],
  ])('of %d ms is %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });

  test('since a timestamp; unknown where there is none', () => {
    const now = new Date('2026-01-01T03:12:00Z');
    expect(formatAgeSince('2026-01-01T00:00:00Z', now)).toBe('3h12m');
    expect(formatAgeSince(undefined, now)).toBe('<unknown>');
    expect(formatAgeSince('soon', now)).toBe('<unknown>');
  });
});
