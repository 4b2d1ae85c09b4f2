import { expect, test } from '@jest/globals';
import { isMixture } from '../../../../../../plugins/devsync/sync/apply/in-place-contents.ts';
import { compileWriteRules } from '../../../../../../plugins/devsync/sync/ignore/write-rules.ts';

test.each([
  ['server.js', 'in-place'],
  ['src/deep/server.js', 'in-place'],
  ['conf/nginx.conf', 'in-place'],
  ['dist/server.js', 'replace'],
  ['server.ts', 'replace'],
  ['.git/hooks/x.js', 'replace'],
  ['module/.git/x.js', 'replace'],
])('the last rule that matches holds: %s is written by %s', (path, mode) => {
  const rules = [
    { pattern: '*.js', mode: 'in-place' },
    { pattern: '/conf/', mode: 'in-place' },
    { pattern: '/dist/', mode: 'replace' },
  ] as const;
  expect(compileWriteRules(rules)(path)).toBe(mode);
});

test('without rules everything is replaced', () => {
  expect(compileWriteRules([])('server.js')).toBe('replace');
});

test.each([
  ['newold', true],
  ['oldnew', true],
  ['oldold', true],
  ['nxd', false],
  ['olxnew', false],
  ['newoldx', false],
])('%j is explained by a write of "newnew" over "oldold": %s', (found, isExplained) => {
  const [file, old, wanted] = [found, 'oldold', 'newnew'].map((text) => Buffer.from(text));
  expect(isMixture(file as Buffer, old as Buffer, wanted as Buffer)).toBe(isExplained);
});
