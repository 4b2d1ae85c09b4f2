import { expect, test } from '@jest/globals';
import { namedContainers } from '../../../../../plugins/devsync/launch/containers.ts';

test('containers that were named are named, all of them', () => {
  expect(namedContainers(['c1'])).toBe('container c1');
  expect(namedContainers(['c1', 'c2'])).toBe('containers c1, c2');
});
