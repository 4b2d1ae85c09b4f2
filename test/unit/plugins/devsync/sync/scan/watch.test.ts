/** Watches on real directories: what the system tells of, and what is made of it. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Folder } from '../../../../../../plugins/devsync/sync/files/folder.ts';
import { Watches } from '../../../../../../plugins/devsync/sync/scan/watch.ts';
import { eventually } from '../../../../../support/eventually.ts';

let root: string;
let told: string[];
let watches: Watches;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'watch-'));
  told = [];
  watches = new Watches((path) => told.push(path));
});
afterEach(() => {
  watches.close();
  rmSync(root, { recursive: true });
});

function watch(path: string): void {
  using folder = Folder.open(join(root, path));
  watches.add(path, folder);
}
const write = (path: string) => writeFileSync(join(root, path), path);
const tells = (path: string) => eventually(() => expect(told).toContain(path));

/** Resolves once everything that was done before has been told: the system keeps the order of one directory. */
async function settled(directory = ''): Promise<void> {
  const last = join(directory, `last-${told.length}`);
  write(last);
  await tells(last);
}

test('each change of a file is told with its path from the root, below a directory that is watched', async () => {
  mkdirSync(join(root, 'src', 'deep'), { recursive: true });
  for (const path of ['', 'src', 'src/deep']) watch(path);
  expect(watches.size).toBe(process.platform === 'linux' ? 3 : 1);
  write('src/deep/a');
  await tells('src/deep/a');
  told = [];
  renameSync(join(root, 'src/deep/a'), join(root, 'src/b'));
  await tells('src/deep/a');
  await tells('src/b');
  told = [];
  rmSync(join(root, 'src/b'));
  await tells('src/b');
});

test('a file that was replaced by a rename is told of the next time as well', async () => {
  watch('');
  write('a');
  await settled();
  for (let save = 0; save < 3; save++) {
    write('.new');
    renameSync(join(root, '.new'), join(root, 'a'));
    await settled();
    expect(told).toContain('a');
    told = [];
    write('a');
    await settled();
    expect(told).toContain('a');
    told = [];
  }
});

test('what is ours is not told of', async () => {
  watch('');
  mkdirSync(join(root, '.x8s-devsync'));
  mkdirSync(join(root, '.x8s-devsync-0123456789ab'));
  write('.x8s-devsync-notes');
  await settled();
  expect(told).toContain('.x8s-devsync-notes');
  expect(told.filter((path) => /^\.x8s-devsync(-[0-9a-f]{12})?$/.test(path))).toEqual([]);
});

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('a name that stands for another directory now is watched anew, and the old one is not', async () => {
  mkdirSync(join(root, 'd'));
  watch('d');
  renameSync(join(root, 'd'), join(root, 'moved'));
  mkdirSync(join(root, 'd'));
  watch('d');
  expect(watches.size).toBe(1);
  write('moved/old');
  await settled('d');
  expect(told).not.toContain('d/old');
});

onLinux('what is let go of, alone or with all below it, tells nothing any more', async () => {
  for (const path of ['a/b', 'ab']) mkdirSync(join(root, path), { recursive: true });
  for (const path of ['', 'a', 'a/b', 'ab']) watch(path);
  watches.remove('a');
  expect([watches.has('a'), watches.has('a/b'), watches.has('ab')]).toEqual([false, false, true]);
  write('a/b/unseen');
  await settled('ab');
  expect(told).not.toContain('a/b/unseen');
  watches.forget('ab');
  expect(watches.size).toBe(1);
  watches.close();
  expect(watches.size).toBe(0);
  watch('');
  expect(watches.size).toBe(0);
});

onLinux('a directory that is not there any more is no trouble', () => {
  mkdirSync(join(root, 'gone'));
  using folder = Folder.open(join(root, 'gone'));
  rmSync(join(root, 'gone'), { recursive: true });
  watches.add('gone', folder);
  expect([watches.isBlind, watches.troubles]).toEqual([false, []]);
});
