/** What a person is told of a copy that came to its end and lacks something. */
import { expect, test } from '@jest/globals';
import { incompleteness } from '../../../../../plugins/x8sync/commands/copy-outcome.ts';

const ended = {
  outcome: 'partial',
  losses: [],
  failures: ['a'],
  message: '',
  diagnostics: [],
  target: '',
} as const;
const hintFor = (lost: readonly string[]) =>
  incompleteness({ ...ended, lost }, false, 'run the same command again')?.hint;

test('a limit of the file system is said before what a further run helps for, and no privileges are advised', () => {
  expect(hintFor(['large xattrs'])).toMatch(
    /^the target's file system takes no attribute that large, .*; run the/,
  );
  expect(hintFor(['many hardlinks'])).toMatch(
    /^the target's file system takes no more names of one file .*; run the/,
  );
  expect(hintFor(['large xattrs', 'many hardlinks'])).not.toMatch(/--trusted-xattrs/);
  expect(hintFor(['xattrs'])).toMatch(/^run the same command again once that is fixed.*--trusted-xattrs/);
});
