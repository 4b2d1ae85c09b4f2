/** The order of test files: the longest first, in every checkout the same. */
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { longestFirst } from '../../support/sequencer.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const files = (...names: readonly string[]) => names.map((name) => ({ path: join(root, name) }));

test('the longest come first, then those that nobody has measured, by name', () => {
  const known = { 'test/a.test.ts': 10, 'test/b.test.ts': 30 };
  expect(
    longestFirst(files('test/d.test.ts', 'test/a.test.ts', 'test/c.test.ts', 'test/b.test.ts'), known),
  ).toEqual(files('test/b.test.ts', 'test/a.test.ts', 'test/c.test.ts', 'test/d.test.ts'));
});
