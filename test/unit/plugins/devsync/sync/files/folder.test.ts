import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Folder } from '../../../../../../plugins/devsync/sync/files/folder.ts';

let base: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'devsync-folder-')));
  mkdirSync(join(base, 'way', 'root'), { recursive: true });
  writeFileSync(join(base, 'way', 'root', 'file'), '');
});
afterEach(() => rmSync(base, { recursive: true }));

const listed = (path: string) => {
  using folder = Folder.root(path);
  return readdirSync(folder.path);
};

test('a root is opened by its real path, from / or from the root of a process', () => {
  expect(listed(join(base, 'way', 'root'))).toEqual(['file']);
  expect(listed(`/proc/${process.pid}/root${base}/way/root`)).toEqual(['file']);
  expect(listed('/')).toContain('proc');
});

test('a directory that may be passed through and not read is no hindrance', () => {
  chmodSync(join(base, 'way'), 0o311);
  expect(listed(join(base, 'way', 'root'))).toEqual(['file']);
});

test('a link that was put into the way leads nowhere', () => {
  renameSync(join(base, 'way'), join(base, 'other'));
  symlinkSync('other', join(base, 'way'));
  expect(() => listed(join(base, 'way', 'root'))).toThrow('ENOTDIR');
  expect(() => listed(join(base, 'way'))).toThrow('ENOTDIR');
  expect(() => listed(join(base, 'missing', 'root'))).toThrow('ENOENT');
});

test('a folder that is closed leads nowhere, and never to what has its descriptor by now', () => {
  const folder = Folder.root(join(base, 'way', 'root'));
  folder.close();
  using next = Folder.root(join(base, 'way'));
  expect(() => folder.at('file')).toThrow('EBADF');
  expect(() => folder.child('root')).toThrow('EBADF');
  // A second time it closes nothing: the descriptor may be another one's.
  folder.close();
  expect(readdirSync(next.path)).toEqual(['root']);
});
