/** The workflows, by actionlint: their syntax, expressions and shell scripts' quoting. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { run } from '../cluster/support/process.ts';
import { goTools } from './support/go-tools.ts';

jest.setTimeout(600_000);

const root = join(import.meta.dirname, '..', '..');

test('actionlint has nothing to say of the workflows', async () => {
  const actionlint = join(await goTools('actionlint'), 'actionlint');
  const files = globSync('.github/workflows/*.yml', { cwd: root }).map((file) => join(root, file));
  expect(files.length).toBeGreaterThan(0);
  expect(await run(actionlint, files)).toMatchObject({ code: 0, stdout: '' });
});
