import { describe, expect, test } from '@jest/globals';
import { compileGlob, compileGlobs, isGlob } from '../../../../../plugins/nsreplicate/rules/glob.ts';
import { UsageError } from '../../../../../src/errors.ts';

describe('globs', () => {
  test.each([
    ['*', 'anything', true],
    ['team-*', 'team-a', true],
    ['team-*', 'steam-a', false],
    ['*-prod', 'web-prod', true],
    ['*-prod', 'web-prod-2', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['x[ab]', 'xb', true],
    ['x[!ab]', 'xb', false],
    ['x[a-c]', 'xc', true],
    ['a.b', 'axb', false],
    ['*.cnrm.cloud.google.com', 'sql.cnrm.cloud.google.com', true],
  ])('%s on %s: %s', (pattern, name, expected) => {
    expect(compileGlob(pattern)(name)).toBe(expected);
  });

  test.each(['', '[', 'a]', '[]', '[b-a]', '[a/b]'])('refuses %j', (pattern) => {
    expect(() => compileGlob(pattern)).toThrow(UsageError);
  });

  test('means the same as a regular expression, whatever the pattern', () => {
    const parts = { a: 'a', b: 'b', '*': '.*', '?': '.', '[ab]': '[ab]', '[!a]': '[^a]' };
    const words = (letters: readonly string[], most: number): string[] =>
      most === 0 ? [''] : ['', ...words(letters, most - 1).flatMap((w) => letters.map((one) => one + w))];
    const names = words(['a', 'b'], 5);
    const patterns = words(Object.keys(parts), 4).filter((pattern) => pattern !== '');
    const differing = patterns.filter((pattern) => {
      const translated = pattern.replaceAll(/\[.*?\]|./g, (part) => parts[part as keyof typeof parts]);
      const expected = new RegExp(`^${translated}$`);
      const matches = compileGlob(pattern);
      return names.some((name) => matches(name) !== expected.test(name));
    });
    expect(differing).toEqual([]);
  });

  test.each([`${'*?'.repeat(10)}z`, `${'*?'.repeat(120)}z`, `*${'a'.repeat(126)}z`, '*[ab]'.repeat(50)])(
    'takes no time that grows with each star: %s',
    (pattern) => {
      // Of the processor: others may have it meanwhile.
      const began = process.cpuUsage();
      expect(compileGlob(pattern)(`${'a'.repeat(252)}c`)).toBe(false);
      const { user, system } = process.cpuUsage(began);
      expect((user + system) / 1000).toBeLessThan(500);
    },
  );

  test('one that is longer than any name is refused', () => {
    expect(() => compileGlob('*'.repeat(254))).toThrow('"********************…" is not a glob');
    expect(compileGlob('a'.repeat(254))('a'.repeat(254))).toBe(true);
  });

  test('an empty list matches everything, a list any of its own', () => {
    expect(compileGlobs([])('x')).toBe(true);
    expect(compileGlobs(['a', 'b*'])('bc')).toBe(true);
    expect(compileGlobs(['a', 'b*'])('c')).toBe(false);
  });

  test('knows a plain name from a glob', () => {
    expect(isGlob('prod')).toBe(false);
    expect(isGlob('pro?')).toBe(true);
  });
});
