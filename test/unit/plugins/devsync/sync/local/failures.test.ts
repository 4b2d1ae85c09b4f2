/** What cannot be done leaves everything as it was, costs nothing at the next attempt, and is told as it is. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { emptyDirectory, type File } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import type { Operation } from '../../../../../../plugins/devsync/reconcile/operations.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';

let base: string;
let root: string;
let endpoint: LocalEndpoint;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'failures-'));
  root = join(base, 'root');
  mkdirSync(join(root, 'd', 'e'), { recursive: true });
  for (const path of ['d/f', 'd/e/g']) writeFileSync(join(root, path), path);
  // Root may write everywhere.
  if (process.getuid?.() === 0) {
    chmodSync(base, 0o777);
    for (const path of ['', 'd', 'd/e']) chmodSync(join(root, path), 0o777);
    process.seteuid?.(65534);
  }
});
afterEach(async () => {
  await endpoint.close();
  process.seteuid?.(process.getuid?.() ?? 0);
  for (const path of ['d', 'd/e']) chmodSync(join(root, path), 0o755);
  rmSync(base, { recursive: true });
});

async function open(): Promise<void> {
  const scan = { permissions: 'portable', symlinks: 'portable' } as const;
  endpoint = new LocalEndpoint({ root, scan, ignores: { lists: [], vcs: false }, trashLimit: 1e6 });
  await endpoint.refresh(true);
}
const fileOf = (text: string): File => {
  const data = Buffer.from(text);
  return { kind: 'file', digest: sha256(data), size: data.length, executable: false };
};
/** Nobody may write there: as whoever owns it, or as root, by another user's hands. */
const lock = (path: string) => {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(0);
  chmodSync(join(root, path), 0o555);
  if (isRoot) process.seteuid?.(65534);
};

test('a replacement that fails puts nothing into the trash, however often it is tried', async () => {
  await open();
  lock('d');
  const [old, wanted] = [fileOf('d/f'), fileOf('new')];
  for (let attempt = 0; attempt < 5; attempt++) {
    const contents = new Map([[wanted.digest, Buffer.from('new')]]);
    const [result] = await endpoint.apply([{ path: 'd/f', old, new: wanted }], `op${attempt}`, contents);
    expect(result?.problem).toBe('permission denied');
  }
  const { items, used } = await endpoint.trash();
  expect([items, used]).toEqual([[], 0]);
  // Nor are empty folders of the attempts left.
  expect(readdirSync(join(endpoint.facts.metadataFolder, 'trash'))).toEqual([]);
});

test('what is saved from the other side is saved once, however often the attempt fails that it is saved for', async () => {
  await open();
  const item = { ...fileOf('theirs'), path: 'd/f' };
  for (let attempt = 0; attempt < 5; attempt++) {
    expect(endpoint.unfiled([item]).length).toBe(attempt === 0 ? 1 : 0);
    const data = Buffer.from('theirs');
    if (attempt === 0) await endpoint.incoming.write({ ...item, offset: 0, data });
    expect(await endpoint.discard([item], `op${attempt}`)).toEqual([]);
  }
  expect((await endpoint.trash()).items).toEqual([{ operation: 'op0', path: 'd/f', size: 6 }]);
});

test('a directory whose files could not be deleted is not called gone, in whatever batch they were', async () => {
  await open();
  lock('d/e');
  const remove = (path: string): Operation => ({ path, old: fileOf(path), new: undefined });
  const first = await endpoint.apply([remove('d/e/g')], 'op');
  expect(first).toEqual([{ path: 'd/e/g', problem: 'permission denied' }]);
  const directories = ['d/e', 'd'].map((path): Operation => ({ path, old: emptyDirectory, new: undefined }));
  const results = await endpoint.apply([remove('d/f'), ...directories], 'op');
  expect(results).toEqual([
    { path: 'd/f' },
    { path: 'd/e', problem: 'd/e/g in it could not be deleted' },
    { path: 'd', problem: 'd/e in it could not be deleted' },
  ]);
  expect(readdirSync(join(root, 'd', 'e'))).toEqual(['g']);
});

test('a directory with something new in it is left, which is another thing', async () => {
  await open();
  writeFileSync(join(root, 'd/e/new'), 'new');
  const g: Operation = { path: 'd/e/g', old: fileOf('d/e/g'), new: undefined };
  const e: Operation = { path: 'd/e', old: emptyDirectory, new: undefined };
  expect(await endpoint.apply([g, e], 'op')).toEqual([{ path: 'd/e/g' }, { path: 'd/e', left: true }]);
});
