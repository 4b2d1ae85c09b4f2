import { expect, test } from '@jest/globals';
import { type Cluster, checkDistinct } from '../../../../../plugins/nsreplicate/clusters/cluster.ts';

const cluster = (name: string, id: string) => ({ name, id }) as Cluster;

test.each([
  [
    'the primary under another name',
    [cluster('a', 'A'), cluster('p2', 'P')],
    /p2 is the same cluster as the primary/,
  ],
  ['one cluster twice', [cluster('a', 'A'), cluster('b', 'A')], /b is the same cluster as replica a/],
  ['two of one name', [cluster('a', 'A'), cluster('b', 'B'), cluster('a', 'C')], /Two replicas are called a/],
])('%s is refused', (_, replicas, message) => {
  expect(() => checkDistinct(cluster('p', 'P'), replicas)).toThrow(message);
});

test('different clusters of different names are not', () => {
  checkDistinct(cluster('p', 'P'), [cluster('a', 'A'), cluster('b', 'B')]);
});
