/** Tests that need more of the machine than every machine has. */
import { existsSync } from 'node:fs';
import { test } from '@jest/globals';

type Test = typeof test | typeof test.skip;

/** Where these paths are missing, a test is skipped, and that is said; in CI it runs, and fails. */
export function needing(otherwise: Test, ...paths: readonly string[]): Test {
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length === 0 || process.env.CI) return otherwise;
  process.stderr.write(`SKIPPED: some file systems need ${missing.join(' and ')}\n`);
  return test.skip;
}
