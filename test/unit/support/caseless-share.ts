/** A real file system that knows neither case nor permissions, in a process of its own. */
import { execFileSync, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { test } from '@jest/globals';
import { eventuallySees } from '../../support/eventually.ts';
import { needing } from './needing.ts';

/** Tests that mount one. */
export const needingShares = (otherwise: typeof test | typeof test.skip) =>
  needing(otherwise, '/dev/fuse', '/usr/lib/python3/dist-packages/fusepy.py');

/**
 * Shows what is in a folder as such a share at a mount point; resolves once it is there.
 *
 * @param longestName in bytes. Returns what takes it away again.
 */
export async function mountShare(folder: string, at: string, longestName = 255): Promise<() => void> {
  const script = join(import.meta.dirname, '../../support/filesystems/caseless.py');
  const { dev } = statSync(at);
  const program = spawn('/usr/bin/python3', [script, folder, at, String(longestName)], { stdio: 'inherit' });
  await eventuallySees(
    () => statSync(at).dev,
    (now) => now !== dev,
  );
  return () => {
    execFileSync('umount', ['--lazy', at]);
    program.kill();
  };
}
