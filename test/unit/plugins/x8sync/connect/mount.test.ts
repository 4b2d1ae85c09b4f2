import { expect, test } from '@jest/globals';
import type { ClaimState } from '../../../../../plugins/x8sync/claims/claim.ts';
import { mountObstacle } from '../../../../../plugins/x8sync/connect/mount.ts';

const claim = (namespace: string, node?: string) =>
  ({ ref: { namespace, claim: 'data' }, node }) as unknown as ClaimState;

test('two claims of one namespace are mounted together, on the node of the one that is in use', () => {
  const isOneCluster = true;
  expect(mountObstacle({ source: claim('shop'), target: claim('shop'), isOneCluster })).toBeUndefined();
  expect(mountObstacle({ source: claim('shop', 'a'), target: claim('shop'), isOneCluster })).toBeUndefined();
  expect(
    mountObstacle({ source: claim('shop', 'a'), target: claim('shop', 'a'), isOneCluster }),
  ).toBeUndefined();
});

test.each([
  ['two clusters', claim('shop'), claim('shop'), { isOneCluster: false }, /two clusters/],
  ['two namespaces', claim('shop'), claim('other'), { isOneCluster: true }, /two namespaces/],
  [
    'two nodes',
    claim('shop', 'a'),
    claim('shop', 'b'),
    { isOneCluster: true },
    /on node a, the target on node b/,
  ],
  ['--fs-group', claim('shop'), claim('shop'), { isOneCluster: true, fsGroup: 1 }, /--fs-group would change/],
])('they are not in case of %s', (_case, source, target, wish, reason) => {
  expect(mountObstacle({ source, target, ...wish })).toMatch(reason);
});
