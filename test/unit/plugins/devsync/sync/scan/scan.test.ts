import { lstatSync, mkdtempSync, rmSync, type Stats, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { childrenOf } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { DigestCache, waitBefore } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import { type ScanContext, Scanner } from '../../../../../../plugins/devsync/sync/scan/scan.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'scan-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const scannerWith = (given: Partial<ScanContext>) =>
  new Scanner({
    root,
    options: { permissions: 'portable', symlinks: 'portable' },
    isIgnored: () => false,
    cache: new DigestCache(),
    mounts: new Set(),
    foldsNames: false,
    ...given,
  });

test('others get their turn while a large directory is read', async () => {
  for (let index = 0; index < 1000; index++) {
    const file = join(root, `${index}`);
    writeFileSync(file, `${index}`);
    truncateSync(file, 250_000);
  }
  const scanner = scannerWith({});
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  const tree = await scanner.scan('');
  clearInterval(ticking);
  expect(childrenOf(tree).size).toBe(1000);
  expect(turns).toBeGreaterThan(3);
});

test('a large file that was saved just now is read once', async () => {
  const file = join(root, 'large');
  writeFileSync(file, 'content');
  truncateSync(file, 16 << 20);
  const cache = new DigestCache();
  await scannerWith({ cache }).scan('');
  expect(cache.get('large', lstatSync(file))).toBeDefined();
});

test('only a large file that was saved just now is waited for', () => {
  const saved = (size: number, mtimeMs: number) => ({ size, mtimeMs }) as Stats;
  expect(waitBefore(saved(1 << 30, 1000), 1005)).toBeGreaterThan(0);
  expect(waitBefore(saved(1 << 30, 1000), 1100)).toBe(0);
  expect(waitBefore(saved(1 << 20, 1000), 1005)).toBe(0);
});
