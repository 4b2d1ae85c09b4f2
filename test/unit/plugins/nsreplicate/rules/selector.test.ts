import { describe, expect, test } from '@jest/globals';
import { matches, parseSelector } from '../../../../../plugins/nsreplicate/rules/selector.ts';

describe('label selectors', () => {
  test.each([
    ['', {}, true],
    ['app=web', { app: 'web' }, true],
    ['app==web', { app: 'web' }, true],
    ['app=web', { app: 'db' }, false],
    ['app=web', {}, false],
    ['app!=web', {}, true],
    ['app!=web', { app: 'web' }, false],
    ['app', { app: '' }, true],
    ['!app', { app: '' }, false],
    ['!app', {}, true],
    ['env in (a, b)', { env: 'b' }, true],
    ['env in (a,b)', { env: 'c' }, false],
    ['env notin (a,b)', {}, true],
    ['env notin (a,b)', { env: 'a' }, false],
    ['app=web,env in (a,b),!old', { app: 'web', env: 'a' }, true],
    ['app=web,env in (a,b),!old', { app: 'web', env: 'a', old: '1' }, false],
    ['app.kubernetes.io/name=x', { 'app.kubernetes.io/name': 'x' }, true],
    ['empty=', { empty: '' }, true],
  ])('%j on %j: %s', (selector, labels, expected) => {
    expect(matches(parseSelector(selector), labels as Record<string, string>)).toBe(expected);
  });

  test.each(['app=a b', '=web', 'app>3', 'a in b', 'a,,b', 'env in (a b)'])(
    'refuses %j and names the part',
    (text) => {
      expect(() => parseSelector(text)).toThrow(/is not a label selector: can't read/);
    },
  );
});
