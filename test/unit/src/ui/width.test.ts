import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { padTo, truncate, widthOf } from '../../../../src/ui/width.ts';
import { anyCharacter } from '../../support/characters.ts';

describe('widths', () => {
  test.each([
    ['abc', 3],
    ['数据库', 6],
    ['ﾃﾞｰﾀ', 4],
    ['é', 1],
    ['👩‍👩‍👧', 2],
  ])('%s takes %i columns', (text, columns) => expect(widthOf(text)).toBe(columns));

  test('plain texts are as wide as string-width says', () => {
    const plain = fc.string({ unit: fc.constantFrom(...' !az~ÀÖØöøſ×·–—‘’“”…→') });
    fc.assert(fc.property(plain, (text) => expect(widthOf(text)).toBe(stringWidth(text))));
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) =>
        expect(widthOf(`…${text}`)).toBe(stringWidth(`…${text}`)),
      ),
    );
  });

  test('padding counts columns, not characters', () => {
    expect(padTo('数据', 6)).toBe('数据  ');
    expect(padTo('abcdef', 3)).toBe('abcdef');
  });

  test('what is cut fits, and no character is cut in two', () => {
    expect(truncate('数据库备份', 6)).toBe('数据…');
    expect(truncate('数据库备份', 5)).toBe('数据…');
    expect(truncate('a👩‍👩‍👧b', 3)).toBe('a…');
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('abcd', 0)).toBe('');
  });
});
