import { expect, test } from '@jest/globals';
import { nearest, nearestFirst } from '../../../src/nearest.ts';

const flags = ['--context', '--cluster', '--namespace', '--name', '--force', '-n'];

test.each([
  ['--contxet', '--context'],
  ['--cntext', '--context'],
  ['--namespac', '--namespace'],
  ['--Force', '--force'],
  ['--names', '--name'],
  ['--nonsense', undefined],
  ['--xyz', undefined],
  ['', undefined],
])('%j is probably %s', (word, expected) => {
  expect(nearest(word, flags)).toBe(expected);
});

test('nothing is near where there is nothing', () => {
  expect(nearest('x', [])).toBeUndefined();
});

test('all candidates come, the nearest first', () => {
  expect(nearestFirst('prd', ['dev', 'staging', 'prod'])).toEqual(['prod', 'dev', 'staging']);
  expect(nearestFirst('eu', ['us-1', 'eu-west-1', 'eu'])).toEqual(['eu', 'us-1', 'eu-west-1']);
});
