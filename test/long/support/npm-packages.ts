/** Packages of npm that only these tests need, each set in a folder of its own in the lab's cache. */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cached } from '../../lab/cache.ts';
import { cacheDir } from '../../lab/config.ts';
import { run } from '../../lab/shell.ts';

/** The `node_modules` with these packages of these versions; nothing that they bring is run at their installation. */
export async function npmPackages(versions: Readonly<Record<string, string>>): Promise<string> {
  const manifest = JSON.stringify({ private: true, dependencies: versions });
  const hash = createHash('sha256').update(manifest).digest('hex').slice(0, 12);
  const folder = join(cacheDir, 'npm', hash);
  if (cached(folder)) return join(folder, 'node_modules');
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(unfinished);
  try {
    writeFileSync(join(unfinished, 'package.json'), manifest);
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: unfinished });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return join(folder, 'node_modules');
}
