/** Tests that need more of the machine than every machine has. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@jest/globals';

type Test = typeof test | typeof test.skip;

/** Where these paths are missing, a test is skipped, and that is said; in CI it runs, and fails. */
export function needing(otherwise: Test, ...paths: readonly string[]): Test {
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length === 0 || process.env.CI) return otherwise;
  process.stderr.write(`SKIPPED: some file systems need ${missing.join(' and ')}\n`);
  return test.skip;
}

/** Where file systems may not be mounted, as in many containers, likewise. */
export function needingMounts(otherwise: Test): Test {
  if (process.env.CI || canMount()) return otherwise;
  process.stderr.write('SKIPPED: full targets and targets without inodes: mounts are not allowed here\n');
  return test.skip;
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'x8s-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
