/** Copies of one list that can't be made in one go. */
import { expect, test } from '@jest/globals';
import { conflictAmong, type Place } from '../../../../../plugins/x8sync/batch/conflicts.ts';

/** `claim` or `claim:folder`. */
const place = (text: string): Place => {
  const [claim = '', folder = ''] = text.split(':');
  return { server: 'https://a', namespace: 'shop', claim, folder };
};
const among = (...pairs: [source: string, target: string][]) =>
  conflictAmong(
    pairs.map(([source, target], index) => ({
      where: `copy ${index + 1}`,
      source: place(source),
      target: place(target),
    })),
  );

test.each<[string, [string, string][]]>([
  [
    'one target for two sources',
    [
      ['a', 'c'],
      ['b', 'c'],
    ],
  ],
  [
    'a folder in the folder of another',
    [
      ['a', 'c:data'],
      ['b', 'c:data/old'],
    ],
  ],
  [
    'a folder of what is written whole',
    [
      ['a', 'c'],
      ['b', 'c:data'],
    ],
  ],
])('%s would mix, or be deleted', (_, pairs) => {
  expect(among(...pairs)).toBe('copy 1 and copy 2 write to the same folder of shop/c');
});

test('what one writes no other may read', () => {
  expect(among(['a', 'b'], ['b', 'c'])).toBe('copy 1 writes to shop/b, which copy 2 reads');
  expect(among(['b', 'c'], ['a', 'b:x'])).toBe('copy 2 writes to shop/b, which copy 1 reads');
});

test('folders beside each other, one source for two targets, and claims of other places go together', () => {
  expect(among(['a', 'c:one'], ['b', 'c:two'], ['a:x', 'd'], ['d2', 'c:one-more'])).toBeUndefined();
  const [a, c] = [place('a'), place('c')];
  const elsewhere = { ...c, server: 'https://b' };
  expect(
    conflictAmong([
      { where: '1', source: a, target: elsewhere },
      { where: '2', source: a, target: c },
    ]),
  ).toBeUndefined();
});
