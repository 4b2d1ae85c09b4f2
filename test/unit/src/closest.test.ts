import { expect, test } from '@jest/globals';
import { closest, nearest } from '../../../src/closest.ts';

test.each([
  ['deploymnt', ['services', 'deployments', 'pods'], 'deployments'],
  ['prd', ['stage', 'prod'], 'prod'],
  ['PROD', ['stage', 'eu-prod-1'], 'eu-prod-1'],
  ['', ['b', 'a'], 'a'],
])('%p is closest to', (word, candidates, first) => {
  const sorted = closest(word, candidates);
  expect(sorted[0]).toBe(first);
  expect(sorted).toHaveLength(candidates.length);
});

test.each([
  ['--contxet', '--context'],
  ['--cntext', '--context'],
  ['--namespac', '--namespace'],
  ['--Force', '--force'],
  ['--names', '--namespace'],
  ['--nane', '--name'],
  ['--nonsense', undefined],
  ['-x', undefined],
  ['-', undefined],
  ['', undefined],
])('%p is probably %p', (word, expected) => {
  expect(nearest(word, ['--context', '--cluster', '--namespace', '--name', '--force', '-n'])).toBe(expected);
});
