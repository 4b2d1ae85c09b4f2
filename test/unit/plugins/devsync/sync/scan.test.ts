import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { childrenOf } from '../../../../../plugins/devsync/reconcile/entry.ts';
import { DigestCache } from '../../../../../plugins/devsync/sync/digest.ts';
import { Scanner } from '../../../../../plugins/devsync/sync/scan.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'scan-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('others get their turn while a large directory is read', async () => {
  for (let index = 0; index < 1000; index++) {
    const file = join(root, `${index}`);
    writeFileSync(file, `${index}`);
    truncateSync(file, 250_000);
  }
  const scanner = new Scanner({
    root,
    options: { permissions: 'portable', symlinks: 'portable' },
    isIgnored: () => false,
    cache: new DigestCache(),
    mounts: new Set(),
    foldsNames: false,
  });
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  const tree = await scanner.scan('');
  clearInterval(ticking);
  expect(childrenOf(tree).size).toBe(1000);
  expect(turns).toBeGreaterThan(3);
});
