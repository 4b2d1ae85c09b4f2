import { expect, test } from '@jest/globals';
import { type SidedItem, selectTrash } from '../../../../../plugins/devsync/control/trash-access.ts';

const item = (operation: string, path: string, side: 'local' | 'container' = 'local'): SidedItem => ({
  operation,
  path,
  side,
  size: 1,
});
const items = [
  item('1', 'src/a'),
  item('2', 'src/a', 'container'),
  item('2', 'src/deep/b'),
  item('3', 'src/there'),
  item('3', 'srcs/other'),
];
const isThere = (path: string) => path === 'src/there';
const meant = (path: string, operation?: string) => {
  const { items: chosen, present } = selectTrash(items, path, operation, isThere);
  return [chosen.map((one) => `${one.operation} ${one.path}`), present];
};

test('a file comes back in its newest version, or in the one that is named', () => {
  expect(meant('src/a')).toEqual([['2 src/a'], 0]);
  expect(meant('src/a', '1')).toEqual([['1 src/a'], 0]);
  expect(meant('src/there')).toEqual([['3 src/there'], 0]);
});

test('of a directory, what is not there any more comes back', () => {
  expect(meant('src')).toEqual([['2 src/a', '2 src/deep/b'], 1]);
  expect(meant('src', '3')).toEqual([['3 src/there'], 0]);
  expect(meant('')).toEqual([['2 src/a', '2 src/deep/b', '3 srcs/other'], 1]);
  expect(meant('nothing')).toEqual([[], 0]);
});
