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
