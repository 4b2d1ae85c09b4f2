import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { cutInTheMiddle, padTo, truncate, widthOf } from '../../../../src/ui/width.ts';
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

  test('a path is cut in the middle, to what the terminal takes', () => {
    expect(cutInTheMiddle('src/deep/app.ts', 15)).toBe('src/deep/app.ts');
    expect(cutInTheMiddle('src/deep/app.ts', 10)).toBe('src/…pp.ts');
    expect(cutInTheMiddle('数据库/备份.txt', 9)).toBe('数据….txt');
    expect(cutInTheMiddle('数据库/备份', 6)).toBe('数…份');
    expect(cutInTheMiddle('abc', 1)).toBe('…');
    expect(cutInTheMiddle('abc', 0)).toBe('');
  });

  test('whatever is cut in the middle fits, and begins and ends as it did', () => {
    const any = fc.string({ unit: 'grapheme', maxLength: 30 });
    fc.assert(
      fc.property(any, fc.nat(40), (text, columns) => {
        const cut = cutInTheMiddle(text, columns);
        expect(widthOf(cut)).toBeLessThanOrEqual(columns);
        if (widthOf(text) <= columns) expect(cut).toBe(text);
        else if (columns > 0) {
          const [head = '', tail = ''] = [
            cut.slice(0, cut.indexOf('…')),
            cut.slice(cut.lastIndexOf('…') + 1),
          ];
          expect(text.startsWith(head) && text.endsWith(tail)).toBe(true);
        }
      }),
    );
  });
});
