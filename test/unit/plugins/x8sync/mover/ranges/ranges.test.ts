/** One large file in ranges: where its data is, how that is cut, how it is checked and put in its place. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { namesOf, openFile } from '../../../../../../plugins/x8sync/mover/ranges/below.ts';
import { layoutOf, rangeData } from '../../../../../../plugins/x8sync/mover/ranges/extents.ts';
import { missingFrom } from '../../../../../../plugins/x8sync/mover/ranges/holey.ts';
import { LargeFile } from '../../../../../../plugins/x8sync/mover/ranges/large-file.ts';
import { bytesOf, cutRanges } from '../../../../../../plugins/x8sync/mover/ranges/layout.ts';
import { fileQueries, parseFileQuery } from '../../../../../../plugins/x8sync/mover/ranges/queries.ts';
import { onLinux, type Stage, stage } from '../../../../support/mover-stage.ts';

let scene: Stage;
let source: string;
let target: string;
let staging: string;
beforeEach(() => {
  scene = stage();
  ({ source, target } = scene.runtime.paths);
  staging = join(target, '.x8sync/tmp');
  mkdirSync(staging, { recursive: true });
});
afterEach(() => scene[Symbol.dispose]());

const name = Buffer.from('folder/file');
const mebibyte = 1 << 20;

/** 20 MiB of which the second and the last MiB hold data. */
function fillSource(): void {
  mkdirSync(join(source, 'folder'), { recursive: true });
  const path = join(source, 'folder/file');
  const dd = (at: number) =>
    execFileSync('dd', ['if=/dev/urandom', `of=${path}`, 'bs=1M', 'count=1', `seek=${at}`, 'conv=notrunc'], {
      stdio: 'ignore',
    });
  dd(1);
  dd(19);
  execFileSync('touch', ['-d', '2001-02-03 04:05:06.123456789', path]);
}

/** Brings these ranges, as a stream does. */
async function bring(file: LargeFile, indexes: readonly number[]): Promise<void> {
  for (const index of indexes) {
    const receiver = file.receiver(index);
    // Chunks come as a pipe cuts them.
    const all = Buffer.concat(
      [...rangeData(source, file.path, file.ranges[index] ?? [])].map((data) => Buffer.from(data)),
    );
    for (let at = 0; at < all.length; at += 60_000) await receiver.take(all.subarray(at, at + 60_000));
    file.arrived(index, receiver.digest ?? '');
  }
}

const begin = (): Promise<LargeFile> =>
  LargeFile.open(target, staging, name, layoutOf(source, name), mebibyte / 2);

onLinux('a file is fetched without its holes, and is the same with them', async () => {
  fillSource();
  const file = await begin();
  expect(bytesOf(file.layout.extents)).toBe(2 * mebibyte);
  expect(file.ranges).toHaveLength(4);
  await bring(file, [2, 0, 3, 1]);
  expect(await file.isWhole()).toBe(true);
  expect(existsSync(join(target, 'folder'))).toBe(false);
  expect(await file.place()).toEqual({ isNew: true, folders: 1 });
  const [there, original] = [target, source].map((root) => join(root, 'folder/file'));
  expect(readFileSync(there ?? '').equals(readFileSync(original ?? ''))).toBe(true);
  expect(statSync(there ?? '', { bigint: true }).mtimeNs).toBe(
    statSync(original ?? '', { bigint: true }).mtimeNs,
  );
  expect(statSync(there ?? '').blocks * 512).toBeLessThan(3 * mebibyte);
});

onLinux('what an earlier run has brought does not come again, unless the file is another one', async () => {
  fillSource();
  const first = await begin();
  await bring(first, [0, 3]);
  await first[Symbol.asyncDispose]();
  const second = await begin();
  expect(second.missing).toEqual([1, 2]);
  await bring(second, [1, 2]);
  expect(await second.isWhole()).toBe(true);
  await second[Symbol.asyncDispose]();
  fillSource();
  const third = await begin();
  expect(third.missing).toEqual([0, 1, 2, 3]);
  await third[Symbol.asyncDispose]();
});

onLinux('one byte that is another one at the target is found', async () => {
  fillSource();
  const file = await begin();
  await bring(file, [0, 1, 2, 3]);
  const [staged = ''] = execFileSync('find', [join(staging, 'ranges'), '-size', '+1M', '-type', 'f'], {
    encoding: 'utf8',
  }).split('\n');
  execFileSync('sh', ['-c', `printf x | dd of=${staged} bs=1 seek=${19 * mebibyte + 77} conv=notrunc`], {
    stdio: 'ignore',
  });
  const isSame = readFileSync(staged).equals(readFileSync(join(source, 'folder/file')));
  expect(await file.isWhole()).toBe(isSame);
  expect(isSame).toBe(false);
  await file[Symbol.asyncDispose]();
});

onLinux('nothing is read or written beyond a link', async () => {
  fillSource();
  const outside = join(scene.root, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'secret');
  symlinkSync(outside, join(source, 'way-out'));
  symlinkSync(join(outside, 'secret'), join(source, 'link'));
  for (const path of [
    'way-out/secret',
    'link',
    '../outside/secret',
    'folder/../../outside/secret',
    '/etc/passwd',
    'folder',
    '',
    '.',
  ])
    expect(() => layoutOf(source, Buffer.from(path))).toThrow();
  closeSync(openFile(source, name));
  symlinkSync(outside, join(target, 'folder'));
  const file = await begin();
  await bring(file, [0, 1, 2, 3]);
  await expect(file.place()).rejects.toThrow();
  expect(existsSync(join(outside, 'file'))).toBe(false);
  file.discard();
});

onLinux('a folder in its place stays, and a file goes', async () => {
  fillSource();
  mkdirSync(join(target, 'folder/file/inside'), { recursive: true });
  const refused = await begin();
  await bring(refused, [0, 1, 2, 3]);
  await expect(refused.place()).rejects.toThrow();
  expect(lstatSync(join(target, 'folder/file/inside')).isDirectory()).toBe(true);
  rmSync(join(target, 'folder/file'), { recursive: true });
  writeFileSync(join(target, 'folder/file'), 'old');
  const file = await begin();
  await bring(file, file.missing);
  expect(await file.place()).toEqual({ isNew: false, folders: 0 });
});

onLinux('a file with large holes that is there by size and time is not fetched', () => {
  const holey = { path: name.toString('base64url'), bytes: 5, modified: '1000.5000000000' };
  mkdirSync(join(target, 'folder'));
  expect(missingFrom(target, [holey], true)).toEqual([name]);
  writeFileSync(join(target, 'folder/file'), '12345');
  execFileSync('touch', ['-d', '@1000.5', join(target, 'folder/file')]);
  expect(missingFrom(target, [holey], true)).toEqual([]);
  execFileSync('touch', ['-d', '@1000', join(target, 'folder/file')]);
  expect(missingFrom(target, [holey], true)).toEqual([name]);
  expect(missingFrom(target, [holey], false)).toEqual([]);
  truncateSync(join(target, 'folder/file'), 4);
  expect(missingFrom(target, [holey], false)).toEqual([name]);
});

describe('ranges', () => {
  test('are cut by bytes, across extents and within one', () => {
    const extents = [
      [0, 10],
      [100, 25],
    ] as const;
    expect(cutRanges({ extents }, 15)).toEqual([
      [
        [0, 10],
        [100, 5],
      ],
      [[105, 15]],
      [[120, 5]],
    ]);
    expect(cutRanges({ extents: [] }, 15)).toEqual([]);
  });

  test('of very many pieces hold no more than a query can name', () => {
    const extents = Array.from({ length: 2500 }, (_, index) => [index * 10, 1] as const);
    const ranges = cutRanges({ extents }, mebibyte);
    expect(ranges.map(({ length }) => length)).toEqual([1000, 1000, 500]);
    expect(fileQueries.range(Buffer.alloc(4000, 'x'), ranges[0] ?? []).length).toBeLessThan(100_000);
  });

  test('are asked for by any name, and nothing else is understood', () => {
    const path = Buffer.from([0xff, 0x0a, 0x27]);
    const range = [
      [0, 10],
      [2 ** 40, 5],
    ] as const;
    expect(parseFileQuery(fileQueries.range(path, range))).toEqual({ kind: 'range', path, range });
    expect(parseFileQuery(fileQueries.layout(path))).toEqual({ kind: 'layout', path });
    for (const text of [
      'layout',
      'layout ../etc',
      'range YQ',
      'range YQ 1',
      'layout YQ 1+1',
      'range YQ 1+1;id',
    ])
      expect(parseFileQuery(text)).toBeUndefined();
    expect(namesOf(Buffer.from('a/b'))?.map(String)).toEqual(['a', 'b']);
    for (const text of ['', '/a', 'a//b', 'a/', 'a/..', './a', 'a\0b'])
      expect(namesOf(Buffer.from(text))).toBeUndefined();
  });
});
