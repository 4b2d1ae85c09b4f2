import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sha256 } from '../../../../../plugins/devsync/sync/digest.ts';
import { LocalEndpoint } from '../../../../../plugins/devsync/sync/local-endpoint.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'staging-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test.each([
  ['in part', 1000, 1000],
  ['in full, but was never finished', 300_000, 0],
  ['and more', 300_001, 0],
])('of a content that is there %s, the rest is asked for', async (_, there, offset) => {
  const data = Buffer.alloc(300_000, 'x');
  const digest = sha256(data);
  const staging = join(root, '.x8s-devsync', 'staging');
  mkdirSync(staging, { recursive: true });
  writeFileSync(join(staging, `${digest}.part`), Buffer.alloc(there, 'x'));
  const one = new LocalEndpoint({
    root,
    scan: { permissions: 'portable', symlinks: 'portable' },
    ignores: { lists: [], vcs: false },
    trashLimit: 1e6,
  });
  const [need] = await one.missing([{ digest, size: data.length, path: 'f' }]);
  expect(need?.offset).toBe(offset);
  await one.write({ digest, size: data.length, offset, data: data.subarray(offset) });
  const file = { kind: 'file', digest, size: data.length, executable: false } as const;
  expect(await one.apply([{ path: 'f', old: undefined, new: file }], 'op')).toEqual([{ path: 'f' }]);
  await one.close();
});
