import { expect, test } from '@jest/globals';
import { evaluate, median, percentile } from '../../../bench/measurement.ts';

test('the median is the middle, or between the two middle ones', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('a percentile is a sample that so many do not pass', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([1, 50, 99, 100].map((percent) => percentile(samples, percent))).toEqual([1, 50, 99, 100]);
  expect(percentile([7], 50)).toBe(7);
});

test('medians are compared with their baseline and judged by their limit', () => {
  const results = evaluate([
    { name: 'plain', unit: 's', samples: [2, 2, 9] },
    { name: 'ours', unit: 's', samples: [3, 3, 3], baseline: 'plain', limit: { atMost: 3 } },
    { name: 'slow', unit: 's', samples: [3.1], limit: { atMost: 3 } },
    { name: 'rate', unit: '/s', samples: [99], limit: { atLeast: 100 } },
    { name: 'none', unit: 's', samples: [], limit: { atMost: 3 } },
  ]);
  expect(results.map(({ name, ratio, limit, kept }) => [name, ratio, limit, kept])).toEqual([
    ['plain', undefined, undefined, true],
    ['ours', 1.5, '≤ 3', true],
    ['slow', undefined, '≤ 3', false],
    ['rate', undefined, '≥ 100', false],
    ['none', undefined, '≤ 3', false],
  ]);
});
