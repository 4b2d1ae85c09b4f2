/** What the system tells of files that are watched. */
import { mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Resolves when this process was told of everything that had changed by now: Linux has one queue for all of its
 * watches, in which a change elsewhere that is made now comes last.
 */
export async function allTold(): Promise<void> {
  const elsewhere = mkdtempSync(join(tmpdir(), 'told-'));
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(elsewhere, () => resolve());
  writeFileSync(join(elsewhere, 'last'), '');
  await promise;
  watcher.close();
  rmSync(elsewhere, { recursive: true });
}
