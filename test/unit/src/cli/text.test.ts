import { describe, expect, test } from '@jest/globals';
import { renderTable, table } from '../../../../src/cli/table.ts';
import { columnsOf, dedent, wrap } from '../../../../src/cli/wrap.ts';
import { parseDuration } from '../../../../src/duration.ts';

test.each([
  ['0', 0],
  ['90', 90_000],
  ['250ms', 250],
  ['90s', 90_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['', undefined],
  ['5', 5000],
  ['-5s', undefined],
  ['1000h', 2 ** 31 - 1],
  ['9999999', 2 ** 31 - 1],
  ['5d', undefined],
  ['s', undefined],
  ['1h 30m', undefined],
])('the duration %j is %s ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

describe('a table', () => {
  const rows = [
    { name: 'a', what: '' },
    { name: 'größer', what: 'two\nlines' },
  ];
  const fruits = table(
    rows,
    [
      { header: 'NAME', value: ({ name }) => name },
      { header: 'WHAT', value: ({ what }) => what },
    ],
    'No fruits found.',
  );

  test('is aligned, has no empty cell, no line feed in a cell, and no space at the end of a line', () => {
    expect(renderTable(fruits, { wide: false })).toBe('NAME     WHAT\na        <none>\ngrößer   two lines\n');
  });

  test('is not made wide for all by one long cell; where many are long, they are all aligned', () => {
    const widths = (lengths: readonly number[]) => {
      const columns = [
        { header: 'PATH', value: (length: number) => 'x'.repeat(length) },
        { header: 'B', value: () => 'b' },
      ];
      const lines = renderTable(table(lengths, columns, ''), { wide: false })
        .trimEnd()
        .split('\n');
      return lines.map((line) => line.length);
    };
    expect(widths([1, 1000, 9])).toEqual([13, 13, 1004, 13]);
    expect(widths([70, 80, 90])).toEqual([94, 94, 94, 94]);
  });

  test('shows what a terminal would obey in the name of a file, so that names that differ look different', () => {
    const names = ['a b', 'a\nb', 'a\u001b[31mb', 'a\u202eb'];
    const columns = [{ header: 'PATH', value: (name: string) => name, isPath: true }];
    const lines = renderTable(table(names, columns, ''), { wide: false });
    expect(lines).toBe('PATH\na b\na\\u{a}b\na\\u{1b}[31mb\na\\u{202e}b\n');
  });

  test('on a terminal has paths cut in the middle, as far as it takes, and in a pipe whole', () => {
    const path = `src/${'deep/'.repeat(20)}app.ts`;
    const columns = [
      { header: 'KIND', value: () => 'file' },
      { header: 'PATH', value: (name: string) => name, isPath: true },
      { header: 'REMARK', value: () => 'ignored' },
    ];
    const list = table(['a.ts', path], columns, '');
    const lines = renderTable(list, { wide: false, columns: 40 }).trimEnd().split('\n');
    expect(lines).toEqual([
      'KIND   PATH                      REMARK',
      'file   a.ts                      ignored',
      'file   src/deep/de…deep/app.ts   ignored',
    ]);
    expect(renderTable(list, { wide: false })).toContain(path);
    expect(renderTable(list, { wide: false, columns: 200 })).toContain(path);
    const half = renderTable(list, { wide: false, columns: 16 }).trimEnd().split('\n');
    expect(half.at(-1)).toBe('file   src…p.ts   ignored');
  });

  test('without rows is nothing', () => {
    expect(renderTable({ ...fruits, rows: [] }, { wide: false })).toBe('');
  });
});

describe('text', () => {
  test('is wrapped between words', () => {
    expect(wrap('one two  three\nfour', 9)).toBe('one two\nthree\nfour');
    expect(wrap('incomprehensibilities are long', 10)).toBe('incomprehensibilities\nare long');
    expect(wrap('', 10)).toBe('');
  });

  test('loses the indentation of the source it stands in, and keeps its own', () => {
    expect(dedent('\n      first\n        second\n\n      third\n    ')).toBe('first\n  second\n\nthird');
    expect(dedent('first\n      second')).toBe('first\nsecond');
    expect(dedent('  alone ')).toBe('alone');
  });

  test('goes beside titles that fit, and below those that do not', () => {
    const rows = [
      ['--a', 'one two three four'],
      ['--option-with-a-name-beyond-all-measure', 'five'],
    ] as const;
    expect(columnsOf(rows, 38)).toBe(
      '  --a   one two three four\n  --option-with-a-name-beyond-all-measure\n        five',
    );
    expect(columnsOf([['--a', 'one two three four']], 20)).toBe('  --a\n        one two\n        three four');
  });
});

test('a table stays aligned beside names in wide characters', () => {
  const columns = [
    { header: 'NAME', value: ({ name }: { name: string }) => name },
    { header: 'AGE', value: () => '1d' },
  ];
  const text = renderTable(table([{ name: '数据库' }, { name: 'db' }], columns, 'none'), { wide: false });
  expect(text).toBe(`NAME     AGE\n数据库   1d\ndb       1d\n`);
});
