/** The order of test files: the longest first, in every checkout the same. */
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { longestFirst } from '../../support/sequencer.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const files = (...names: readonly string[]) => names.map((name) => ({ path: join(root, name) }));

test('the longest come first; a new one on clusters counts as a minute, any other one as short', () => {
  const known = { 'test/a.test.ts': 10, 'test/b.test.ts': 90 };
  const names = [
    'test/d.test.ts',
    'test/cluster/new.test.ts',
    'test/a.test.ts',
    'test/c.test.ts',
    'test/b.test.ts',
  ];
  expect(longestFirst(files(...names), known)).toEqual(
    files('test/b.test.ts', 'test/cluster/new.test.ts', 'test/a.test.ts', 'test/c.test.ts', 'test/d.test.ts'),
  );
});
