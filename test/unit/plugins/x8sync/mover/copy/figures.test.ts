import { expect, test } from '@jest/globals';
import { contradictionIn } from '../../../../../../plugins/x8sync/mover/copy/figures.ts';
import { collisionsOf } from '../../../../../../plugins/x8sync/mover/protocol/losses.ts';
import { patternOf } from '../../../../../../plugins/x8sync/mover/rsync/patterns.ts';

test.each([
  [{ extraneous: -3 }, 'extraneous is -3'],
  [{ transferredFiles: 9, files: 7 }, 'transferredFiles is 9 of 7 files'],
  [{ transferredBytes: 27, totalBytes: 18 }, 'transferredBytes is 27 of 18 totalBytes'],
  [{ totalBytes: Number.NaN }, 'totalBytes is NaN'],
  [{ files: 7, transferredFiles: 7, entries: 9, extraneous: 0 }, undefined],
])('%j: %s', (stats, expected) => {
  expect(contradictionIn(stats)).toBe(expected);
});

test('names that fall together, by case and by the way a letter is written', () => {
  const names = ['b', 'B', 'é', 'e\u0301', 'c', 'straße', 'STRASSE'];
  expect(collisionsOf(names, { caseless: true, normalizing: false })).toEqual([
    ['B', 'b'],
    ['STRASSE', 'straße'],
  ]);
  expect(collisionsOf(names, { caseless: false, normalizing: true })).toEqual([['e\u0301', 'é']]);
  expect(collisionsOf(names, { caseless: false, normalizing: false })).toEqual([]);
});

test('a pattern means one path, and a backslash itself where there is nothing to escape', () => {
  expect(patternOf('a/b c')).toBe('/a/b c');
  expect(patternOf('a\\b')).toBe('/a\\b');
  expect(patternOf('a\\b[1]*')).toBe('/a\\\\b\\[1]\\*');
});
