/** Directories that are renamed or deleted while the other side works in them: on real files, with a real agent. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { privateFolder } from '../../../../../../plugins/devsync/sync/files/names.ts';
import { Pair, type PairOptions } from '../../support/pair.ts';

jest.setTimeout(30_000);

let pair: Pair;
const notices: string[] = [];
afterEach(async () => {
  notices.length = 0;
  await pair.remove();
});

/** Both sides with these files, agreed on. */
async function begin(files: Record<string, string>, options: PairOptions = {}): Promise<void> {
  pair = new Pair({ ...options, sync: { onNotice: (line) => notices.push(line), ...options.sync } });
  write(pair.local, files);
  await pair.start();
  expect((await pair.synchronizer.flush()).phase).toBe('watching');
}

function write(root: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function filesIn(root: string): Record<string, string> {
  const all = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => !one.isDirectory());
  const paths = all.map(({ parentPath, name }) => relative(root, join(parentPath, name)));
  const theirs = paths.filter((path) => !path.startsWith(privateFolder)).sort();
  return Object.fromEntries(theirs.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

/** Works on both sides before either hears of the other one, then brings them together. */
async function both(work: () => void) {
  await pair.synchronizer.pause();
  work();
  const { phase, conflicts } = await pair.synchronizer.resume(false);
  expect([phase, conflicts]).toEqual(['watching', []]);
}

test('a directory that was renamed here does not come back because of one edit in the container', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  await begin(Object.fromEntries(names.map((name) => [`mod/${name}`, `${name} is one`])));
  await both(() => {
    renameSync(join(pair.local, 'mod'), join(pair.local, 'module'));
    writeFileSync(join(pair.container, 'mod/c'), 'edited there');
  });
  const expected = {
    'mod/c': 'edited there',
    ...Object.fromEntries(names.map((name) => [`module/${name}`, `${name} is one`])),
  };
  expect([filesIn(pair.local), filesIn(pair.container)]).toEqual([expected, expected]);
  expect(notices).toEqual([
    'deleted here, and edited in the container: the edit stays: mod (1 file)',
    'deleted in the container: 5 files (mod/a, mod/b, mod/d, and 2 more)',
  ]);
});

test('one-way-safe: of a directory deleted at the source, only what the other side made is left, and that is said', async () => {
  await begin({ 'd/a': '1', 'd/b': '2', 'd/e/c': '3', keep: '' }, { sync: { mode: 'one-way-safe' } });
  await both(() => {
    rmSync(join(pair.local, 'd'), { recursive: true });
    write(pair.container, { 'd/extra': 'theirs' });
  });
  expect([filesIn(pair.local), filesIn(pair.container)]).toEqual([
    { keep: '' },
    { 'd/extra': 'theirs', keep: '' },
  ]);
  expect(notices).toEqual([
    'deleted here; what was made or changed in the container stays there: d',
    'deleted in the container: 3 files (d/a, d/b, d/e/c)',
  ]);
});

test('a clone within can be deleted, whatever git did in the container', async () => {
  const lib = {
    'vendor/lib/a': '1',
    'vendor/lib/.git/HEAD': 'main',
    'vendor/lib/.git/objects/1': '1',
    'vendor/b': '2',
  };
  await begin(lib);
  await both(() => {
    rmSync(join(pair.local, 'vendor/lib'), { recursive: true });
    write(pair.container, { 'vendor/lib/.git/objects/2': 'a commit there' });
  });
  expect(filesIn(pair.local)).toEqual({ 'vendor/b': '2' });
  expect(Object.keys(filesIn(pair.container))).toEqual([
    'vendor/b',
    'vendor/lib/.git/HEAD',
    'vendor/lib/.git/objects/1',
    'vendor/lib/.git/objects/2',
  ]);
  await pair.synchronizer.flush();
  expect(existsSync(join(pair.local, 'vendor/lib'))).toBe(false);
});

test('a clone that is deleted in the container keeps its .git here', async () => {
  await begin({ 'lib/a': '1', 'lib/.git/HEAD': 'main', b: '2' });
  await both(() => rmSync(join(pair.container, 'lib'), { recursive: true }));
  const expected = { b: '2', 'lib/.git/HEAD': 'main' };
  expect([filesIn(pair.local), filesIn(pair.container)]).toEqual([expected, expected]);
});

test('a stream that breaks in between makes no deletion less of an accident', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `f${index}`);
  await begin(Object.fromEntries(names.map((name) => [name, name])));
  for (const name of names.slice(0, 12)) rmSync(join(pair.container, name));
  expect((await pair.synchronizer.flush()).phase).toBe('watching');
  await pair.stop();
  for (const name of names.slice(12, 20)) rmSync(join(pair.container, name));
  await pair.start();
  const { phase, message } = await pair.synchronizer.flush();
  expect([phase, message]).toEqual(['held', expect.stringMatching(/^20 of 30 files/)]);
});

/** Forbids, or allows, every change of what is directly in a directory. */
const lock = (folder: string, flag: '+i' | '-i') => execFileSync('chattr', [flag, folder]);

function canLock(): boolean {
  const probe = join('/tmp', `devsync-lock-${process.pid}`);
  mkdirSync(probe);
  try {
    lock(probe, '+i');
    lock(probe, '-i');
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true });
  }
}

(canLock() ? test : test.skip)('a deletion that fails is tried again, and never undone', async () => {
  await begin({ 'd/e/a': '1', 'd/b': '2', keep: '3' });
  const there = join(pair.container, 'd/e');
  lock(there, '+i');
  try {
    rmSync(join(pair.local, 'd'), { recursive: true });
    for (let round = 0; round < 3; round++) {
      const { problems, conflicts } = await pair.synchronizer.flush();
      expect([problems.map(({ path }) => path).sort(), conflicts]).toEqual([['d', 'd/e', 'd/e/a'], []]);
      expect(filesIn(pair.local)).toEqual({ keep: '3' });
    }
    // It became a file meanwhile, which is no conflict either.
    writeFileSync(join(pair.local, 'd'), 'a file');
    const { conflicts } = await pair.synchronizer.flush();
    expect(conflicts).toEqual([]);
  } finally {
    lock(there, '-i');
  }
  const { problems, conflicts } = await pair.synchronizer.flush();
  expect([problems, conflicts]).toEqual([[], []]);
  const expected = { d: 'a file', keep: '3' };
  expect([filesIn(pair.local), filesIn(pair.container)]).toEqual([expected, expected]);
});
