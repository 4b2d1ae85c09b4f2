import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LocalEndpoint } from '../../../../../plugins/devsync/sync/local-endpoint.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'tracker-'));
});
afterEach(() => rmSync(base, { recursive: true }));

/** Directories that this process has watched by the kernel. */
function watched(): number {
  const infos = readdirSync('/proc/self/fdinfo').map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    } catch {
      return '';
    }
  });
  return infos.join('').match(/^inotify /gm)?.length ?? 0;
}

(process.platform === 'linux' ? test : test.skip)(
  'what has left the tree is not watched any more, whoever finds out',
  async () => {
    const root = join(base, 'root');
    for (let index = 0; index < 20; index++) mkdirSync(join(root, `d/${index}`), { recursive: true });
    const before = watched();
    const one = new LocalEndpoint({
      root,
      scan: { permissions: 'portable', symlinks: 'portable' },
      ignores: { lists: [], vcs: false },
      trashLimit: 1e6,
    });
    await one.refresh(true);
    expect(watched() - before).toBe(22);
    renameSync(join(root, 'd'), join(base, 'd'));
    await one.refresh(true);
    expect(watched() - before).toBe(1);
    await one.close();
  },
);
