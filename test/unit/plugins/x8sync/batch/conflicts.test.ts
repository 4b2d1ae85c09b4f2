/** Copies of one list that can't be made in one go. */
import { describe, expect, test } from '@jest/globals';
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
  expect(among(...pairs)).toEqual({
    message: 'copy 1 and copy 2 write to the same folder of shop/c',
    hint: 'copy them one after the other',
  });
});

test('what one writes no other may read', () => {
  expect(among(['a', 'b'], ['b', 'c'])?.message).toBe('copy 1 writes to shop/b, which copy 2 reads');
  expect(among(['b', 'c'], ['a', 'b:x'])?.message).toBe('copy 2 writes to shop/b, which copy 1 reads');
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

describe('a name that two copies have', () => {
  const copy = (where: string, name: string | undefined, source: Partial<Place>, target: Partial<Place>) => ({
    where,
    name,
    source: { ...place(`source-${where}`), ...source },
    target: { ...place(`target-${where}`), ...target },
  });
  const other = { namespace: 'other' };

  test.each([
    ['of one target namespace', [other, {}], 'shop'],
    ['of one source namespace', [{}, other], 'shop'],
  ] as const)('%s is one task, so that it is refused', (_, [source, target], namespace) => {
    expect(conflictAmong([copy('1', 'move', {}, {}), copy('2', 'move', source, target)])).toEqual({
      message: `1 and 2 have the same name "move": it names one task in namespace ${namespace}`,
      hint: 'give each a name of its own, or none',
    });
  });

  test('is two tasks in other namespaces or clusters, and no name is no name that they share', () => {
    const one = copy('1', 'move', {}, {});
    const elsewhere = { server: 'https://b' };
    expect(conflictAmong([one, copy('2', 'move', other, other)])).toBeUndefined();
    expect(conflictAmong([one, copy('2', 'move', elsewhere, elsewhere)])).toBeUndefined();
    expect(conflictAmong([one, copy('2', 'other', {}, {})])).toBeUndefined();
    expect(conflictAmong([copy('1', undefined, {}, {}), copy('2', undefined, {}, {})])).toBeUndefined();
  });
});
