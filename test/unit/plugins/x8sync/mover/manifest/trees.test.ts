/** Two real trees, compared: what is equal is said to be, and each single thing that differs is found. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { compareManifests } from '../../../../../../plugins/x8sync/mover/manifest/compare.ts';
import { manifestOf } from '../../../../../../plugins/x8sync/mover/manifest/walk.ts';
import { treeAt } from '../../../../../../plugins/x8sync/mover/volume/tree.ts';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const asRoot = isRoot ? test : test.skip;
const onLinux = process.platform === 'linux' ? describe : describe.skip;

let root: string;
let original: string;
let copy: string;
const sh = (script: string) => execFileSync('bash', ['-euc', script], { cwd: copy });

beforeAll(() => {
  // Not in memory: a tmpfs has no attributes of users on older kernels.
  root = mkdtempSync(join(tmpdir(), 'x8sync-trees-'));
  [original, copy] = [join(root, 'source'), join(root, 'target')];
  makeTree(original);
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  rmSync(copy, { recursive: true, force: true });
  execFileSync('cp', ['-a', original, copy]);
});

function makeTree(at: string): void {
  mkdirSync(join(at, 'folder/deeper'), { recursive: true });
  mkdirSync(join(at, 'lost+found'));
  writeFileSync(join(at, 'folder/file'), 'content');
  writeFileSync(join(at, 'folder-b'), 'comes after what is in folder');
  linkSync(join(at, 'folder/file'), join(at, 'folder/same'));
  writeFileSync(join(at, 'folder/deeper/large'), Buffer.alloc(5 << 20, 'abcdefg'));
  truncateSync(join(at, 'folder/deeper/large'), 40 << 20);
  for (const name of [Buffer.from([0xff, 0x0a, 0x5c]), Buffer.from('-n ü'), Buffer.from('#')])
    writeFileSync(Buffer.concat([Buffer.from(`${at}/`), name]), 'odd');
  symlinkSync('folder/file', join(at, 'link'));
  execFileSync('bash', ['-euc', 'mkfifo fifo; setfattr -n user.colour -v red folder/file'], { cwd: at });
  execFileSync('setfacl', ['-m', 'u:1234:r', join(at, 'folder/deeper')]);
  // All of one time, which is past: what a test makes anew has another one, in whatever second it does so.
  execFileSync('find', [at, '-exec', 'touch', '-h', '-d', '@1000000000', '{}', '+']);
}

async function differ(mayHaveMore = false, owner?: { uid: number; gid: number }) {
  const [source, target] = [original, copy].map((tree) =>
    manifestOf(treeAt({ root: tree, isWholeVolume: true })),
  );
  if (!source || !target) throw new Error('two trees');
  return compareManifests(source, target, { mayHaveMore, owner }, 100);
}

/** What was found, as `path: aspects`. */
const found = async (...args: Parameters<typeof differ>) =>
  (await differ(...args)).differences.map(({ path, aspects }) => `${path}: ${aspects.join(', ')}`);

/** Gives the folders of the copy the times of the original's. */
const foldersAsBefore = () =>
  sh(`find . -type d -exec bash -c '[ ! -e "$0/$1" ] || touch -r "$0/$1" "$1"' ${original} {} ';'`);

/** Changes something, and puts the times of the file and of all folders back. */
function stealthily(path: string, change: (path: string) => void): void {
  change(join(copy, path));
  sh(`touch -r ${JSON.stringify(join(original, path))} ${JSON.stringify(path)}`);
  foldersAsBefore();
}

onLinux('two trees', () => {
  test('that are equal have no difference, whatever their names', async () => {
    const { different, entries, files, bytes } = await differ();
    expect({ different, entries, files }).toEqual({ different: 0, entries: 12, files: 7 });
    expect(bytes).toBe((40 << 20) + 3 * 3 + 2 * 'content'.length + 29);
  });

  test.each<[string, string, (path: string) => void]>([
    ['one bit', 'folder/deeper/large: content', (path) => flipBit(path, 30 << 20)],
    ['one bit of a small file', 'folder-b: content', (path) => flipBit(path, 3)],
    ['an ACL', 'folder/deeper: ACL', (path) => void execFileSync('setfacl', ['-m', 'u:1234:rx,m::rx', path])],
    [
      'an attribute',
      'folder/file: attribute',
      (path) => void execFileSync('setfattr', ['-n', 'user.colour', '-v', 'blue', path]),
    ],
    ['an attribute more', '#: attribute', (path) => void execFileSync('setfattr', ['-n', 'user.x', path])],
    ['a mode', 'folder-b: mode', (path) => chmodSync(path, 0o600)],
  ])('%s is found with size and times put back', async (_, expected, change) => {
    stealthily(expected.replace(/: .*/, ''), change);
    expect(await found()).toContain(expected);
  });

  test('a hard link that became a file of its own is found', async () => {
    stealthily('folder', () => sh('cp -a folder/same x; mv x folder/same'));
    expect(await found()).toEqual(['folder/same: hard link']);
  });

  test('two files that became one are found', async () => {
    stealthily('.', () => sh(`ln -f -- '-n ü' '#'`));
    expect(await found()).toEqual(['-n ü: hard link']);
  });

  asRoot('one owner is found, but for one that is meant', async () => {
    sh('chown 12:34 folder-b');
    expect(await found()).toEqual(['folder-b: owner']);
    sh('chown -hR 12:34 .');
    expect(await found(false, { uid: 12, gid: 34 })).toEqual([]);
  });

  test('times, links, kinds, what is missing and what is more are found, in the order of names', async () => {
    sh('rm link; ln -s elsewhere link; rm fifo; mkdir fifo; rm "#"; touch folder/more; touch -d @1 folder-b');
    foldersAsBefore();
    expect(await found()).toEqual([
      '#: missing',
      'fifo: kind',
      'folder/more: extraneous',
      'folder-b: time',
      'link: link target, time',
    ]);
    const { extraneous, aspects } = await differ(true);
    expect({ extraneous, aspects }).toEqual({
      extraneous: 1,
      aspects: { missing: 1, kind: 1, time: 2, 'link target': 1 },
    });
  });

  test('a name of bytes that are no text is told so that it can be found', async () => {
    rmSync(Buffer.concat([Buffer.from(`${copy}/`), Buffer.from([0xff, 0x0a, 0x5c])]));
    const { differences } = await differ();
    expect(differences.map(({ path }) => path)).toContain('\\377\\012\\');
  });

  test('an empty tree is all missing, and a tree that is not there no tree', async () => {
    rmSync(copy, { recursive: true });
    await expect(differ()).rejects.toThrow('ENOENT');
    mkdirSync(copy);
    const { aspects, entries } = await differ();
    expect(aspects.missing).toBe(entries - 1);
  });
});

function flipBit(path: string, position: number): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, position);
  writeSync(file, Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, position);
  closeSync(file);
}
