import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { skipped, untracked } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { noState, summarize } from '../../../../../../plugins/devsync/session/status/state.ts';
import { StatusLines } from '../../../../../../plugins/devsync/session/status/status-lines.ts';
import { scanOnce } from '../../../../../../plugins/devsync/sync/local/scan-once.ts';
import { asEntry, packEntry } from '../../../../../../plugins/devsync/wire/check.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devsync-skipped-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('sockets and pipes are left alone, and said', async () => {
  writeFileSync(join(folder, 'file'), '1');
  writeFileSync(join(folder, 'ignored'), '1');
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const server = createServer().listen(join(folder, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  const scan = { permissions: 'portable', symlinks: 'portable' } as const;
  const ignores = { lists: [{ base: '', patterns: 'ignored' }], vcs: false };
  const tree = await scanOnce({ root: folder, scan, ignores });
  await new Promise((resolve) => server.close(resolve));
  const seen = summarize({ tree, degraded: undefined }, { tree: undefined, degraded: undefined });
  expect(seen).toMatchObject({
    files: 1,
    problems: [],
    skipped: [
      { path: 'pipe', side: 'local', problem: 'a pipe' },
      { path: 'socket', side: 'local', problem: 'a socket' },
    ],
  });
  const news = new StatusLines();
  const line = 'in sync: 1 file; left alone: pipe, socket (devices and the like)';
  expect(news.of({ ...noState, ...seen, phase: 'watching' })).toBe(line);
  expect(news.of({ ...noState, ...seen, phase: 'watching' })).toBeUndefined();
});

test('what an entry is skipped for travels with it', () => {
  for (const entry of [untracked, skipped('a socket')]) expect(asEntry(packEntry(entry))).toEqual(entry);
});
