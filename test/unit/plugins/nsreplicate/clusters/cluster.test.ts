import { expect, test } from '@jest/globals';
import { checkDistinct, type Site } from '../../../../../plugins/nsreplicate/clusters/cluster.ts';

const site = (name: string, id: string) => ({ name, id }) as Site;

test.each([
  [
    'the primary under another name',
    [site('a', 'A'), site('p2', 'P')],
    /p2 is the same cluster as the primary/,
  ],
  ['one cluster twice', [site('a', 'A'), site('b', 'A')], /b is the same cluster as replica a/],
  ['two of one name', [site('a', 'A'), site('b', 'B'), site('a', 'C')], /Two replicas are called a/],
])('%s is refused', (_, replicas, message) => {
  expect(() => checkDistinct(site('p', 'P'), replicas)).toThrow(message);
});

test('different clusters of different names are not', () => {
  checkDistinct(site('p', 'P'), [site('a', 'A'), site('b', 'B')]);
});
