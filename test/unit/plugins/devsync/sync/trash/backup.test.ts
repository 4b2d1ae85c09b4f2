/** What is about to be replaced: in the trash before, and what is written to it in that moment, too. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  watch,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Folder } from '../../../../../../plugins/devsync/sync/files/folder.ts';
import { type Backup, backUp } from '../../../../../../plugins/devsync/sync/trash/backup.ts';
import { Trash } from '../../../../../../plugins/devsync/sync/trash/trash.ts';
import { fakeClock, hastyClock } from '../../../../support/fake-clock.ts';

let base: string;
let at: string;
let trash: Trash;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'backup-'));
  at = join(base, 'file');
  mkdirSync(join(base, 'trash'));
  writeFileSync(at, 'old', { mode: 0o640 });
  trash = new Trash(Folder.open(join(base, 'trash')), 2 ** 30);
  trash.begin('op');
});
afterEach(() => {
  trash.close();
  rmSync(base, { recursive: true });
});

const kept = (operation = 'op') => readFileSync(join(base, 'trash', operation, 'file'), 'utf8');
const replace = () => {
  writeFileSync(join(base, 'new'), 'new');
  renameSync(join(base, 'new'), at);
};
function backedUp(operations = 1): Backup {
  return backUp(at, 'file', lstatSync(at), trash, operations);
}

test('nothing of the file itself is changed by it: its watchers would be told before it is replaced', async () => {
  const before = lstatSync(at, { bigint: true });
  using backup = backedUp();
  const { ctimeNs, nlink } = lstatSync(at, { bigint: true });
  expect([ctimeNs, nlink]).toEqual([before.ctimeNs, 1n]);
  expect([kept(), lstatSync(join(base, 'trash/op/file')).mode & 0o777]).toEqual(['old', 0o640]);
  replace();
  expect(await backup.finish(fakeClock())).toBe(false);
});

// What else has a link to it would keep it: then a watcher of the file is never told that it is gone.
(process.platform === 'linux' ? test : test.skip)(
  'who watches the file is told that it is gone',
  async () => {
    const gone = new Promise<void>((resolve) => {
      const watcher = watch(at, (event) => {
        if (event !== 'rename') return;
        watcher.close();
        resolve();
      });
    });
    using backup = backedUp();
    replace();
    await backup.finish(fakeClock());
    await gone;
  },
);

test('what was not replaced leaves nothing in the trash', () => {
  using backup = backedUp();
  backup.remove();
  expect(readdirSync(join(base, 'trash', 'op'))).toEqual([]);
});

test('a process that is killed as soon as it has replaced it leaves what it was in the trash', async () => {
  const modules = join(import.meta.dirname, '../../../../../../plugins/devsync/sync');
  const script = `
    import { lstatSync, renameSync, writeFileSync } from 'node:fs';
    import { backUp } from '${modules}/trash/backup.ts';
    import { Folder } from '${modules}/files/folder.ts';
    import { Trash } from '${modules}/trash/trash.ts';
    const [base, at] = ${JSON.stringify([base, at])};
    const trash = new Trash(Folder.open(base + '/trash'), 1e6);
    trash.begin('killed');
    writeFileSync(base + '/new', 'new');
    backUp(at, 'file', lstatSync(at), trash, 1);
    renameSync(base + '/new', at);
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: 'ignore',
  });
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  expect([readFileSync(at, 'utf8'), kept('killed')]).toEqual(['new', 'old']);
});

test('what is written to it until it is replaced is in the trash, whatever its time and its size say', async () => {
  const before = lstatSync(at);
  const writer = openSync(at, 'r+');
  using backup = backedUp();
  writeSync(writer, 'OLD', 0);
  utimesSync(at, before.atime, before.mtime);
  closeSync(writer);
  replace();
  expect(await backup.finish(hastyClock())).toBe(true);
  expect(kept()).toBe('OLD');
});

test('a writer who has begun is followed until it has done', async () => {
  const writer = openSync(at, 'r+');
  using backup = backedUp();
  writeSync(writer, 'half', 0);
  replace();
  const clock = fakeClock();
  const finished = backup.finish(clock);
  await clock.advance(30);
  expect(kept()).toBe('half');
  writeSync(writer, ' and half', 4);
  await clock.advance(30);
  closeSync(writer);
  await clock.advance(50);
  expect(await finished).toBe(true);
  expect(kept()).toBe('half and half');
});

test('a writer who never ends is left after a while', async () => {
  const writer = openSync(at, 'r+');
  using backup = backedUp();
  const clock = hastyClock();
  const sleep = (ms: number) => {
    writeSync(writer, 'more');
    return clock.sleep(ms);
  };
  writeSync(writer, 'more');
  replace();
  expect(await backup.finish({ ...clock, sleep })).toBe(true);
  closeSync(writer);
  expect(kept()).toMatch(/^(more){20,}$/);
});

test.each([
  ['a large file', 1 << 20, 1],
  ['one of many', 1000, 101],
])(
  '%s gets a second name there instead, and what is written to it is there by itself',
  async (_, size, operations) => {
    writeFileSync(at, Buffer.alloc(size));
    using backup = backedUp(operations);
    expect(lstatSync(join(base, 'trash/op/file')).ino).toBe(lstatSync(at).ino);
    appendFileSync(at, 'more');
    replace();
    expect(await backup.finish(fakeClock())).toBe(true);
    expect(kept()).toMatch(/more$/);
  },
);

test('a file that has changed since is not taken for what it was', () => {
  const before = lstatSync(at);
  writeFileSync(at, 'another one');
  using backup = backUp(at, 'file', before, trash, 1);
  expect(kept()).toBe('another one');
  backup.remove();
  expect(readdirSync(join(base, 'trash', 'op'))).toEqual([]);
});
