import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  isOtherMount,
  type RootPlace,
  readRootPlace,
} from '../../../../../../plugins/devsync/sync/files/root-place.ts';

const began: RootPlace = { device: '1', mount: '30', inode: '7', born: '1000' };

test.each<[string, Partial<RootPlace>, boolean]>([
  ['the same one', {}, false],
  ['one that was made anew', { inode: '8', born: '2000' }, false],
  ['one that was made anew, with the same inode', { born: '2000' }, false],
  ['one that is mounted over it from the same file system', { mount: '31', inode: '8', born: '2000' }, true],
  ['one of another file system', { device: '2', mount: '31', inode: '8' }, true],
  ['the root of another file system', { device: '2', mount: '31', born: '2000' }, true],
  ['the same one, mounted once more', { device: '2', mount: '31' }, false],
  [
    'one of another file system, where mounts are not told',
    { device: '2', mount: undefined, inode: '8' },
    true,
  ],
  ['the same one, where no birth is told', { device: '2', born: undefined }, false],
])('%s', (_, changes, expected) => {
  expect(isOtherMount(began, { ...began, ...changes })).toBe(expected);
});

test('is read from the system', () => {
  const folder = mkdtempSync(join(tmpdir(), 'place-'));
  const path = join(folder, 'root');
  expect(readRootPlace(path)).toBeUndefined();
  mkdirSync(path);
  const place = readRootPlace(path) as RootPlace;
  if (process.platform === 'linux') expect(place.mount).toMatch(/^\d+$/);
  const [proc, here] = [readRootPlace('/proc'), readRootPlace(folder)];
  if (proc) expect(isOtherMount(place, proc)).toBe(true);
  expect(here && isOtherMount(place, here)).toBe(false);
  rmSync(folder, { recursive: true });
});
