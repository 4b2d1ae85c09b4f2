/** The cache between runs: an entry is used again where it fits, and removed when unused for a month. */
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';

const month = 30 * 24 * 3600 * 1000;

/** Whether an entry of the cache is there; its time is set to now, so that it counts as used. */
export function cached(path: string): boolean {
  if (!existsSync(path)) return false;
  utimesSync(path, new Date(), new Date());
  return true;
}

/** Removes neighbours of a new entry that were not used for a month: other versions, builds that were killed. */
export function dropStaleBeside(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    const entry = join(folder, name);
    if (Date.now() - statSync(entry).mtimeMs > month) rmSync(entry, { recursive: true, force: true });
  }
}
