/** Programs that only long tests need, built from Go modules whose checksums are in test/long/go. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from '../../lab/cache.ts';
import { cacheDir } from '../../lab/config.ts';
import { run } from '../../lab/shell.ts';

const modules = {
  actionlint: ['github.com/rhysd/actionlint/cmd/actionlint'],
  krew: ['sigs.k8s.io/krew/cmd/krew', 'sigs.k8s.io/krew/cmd/validate-krew-manifest'],
  machocheck: ['.'],
  promlint: ['.'],
} as const;

/** The folder with the programs of a module; built once and kept in the lab's cache. */
export async function goTools(module: keyof typeof modules): Promise<string> {
  const source = join(import.meta.dirname, '..', 'go', module);
  const hash = createHash('sha256').update(modules[module].join(' '));
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(join(source, file)));
  const folder = join(cacheDir, 'bin', `${module}-${hash.digest('hex').slice(0, 12)}`);
  if (cached(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    await run('go', ['build', '-trimpath', '-mod=readonly', '-o', `${unfinished}/`, ...modules[module]], {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'auto' },
    });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}
