/** Folders of a volume: what leads out of it is never followed. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  madeSubfolder,
  realSubfolder,
  subfolderProblem,
} from '../../../../../../plugins/x8sync/mover/volume/subfolder.ts';

let base: string;
let volume: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'x8sync-subfolder-')));
  volume = join(base, 'volume');
  mkdirSync(join(volume, 'a/b'), { recursive: true });
  mkdirSync(join(base, 'outside'));
  writeFileSync(join(volume, 'file'), '');
  symlinkSync('a/b', join(volume, 'within'));
  symlinkSync('../outside', join(volume, 'out'));
  symlinkSync(join(base, 'outside'), join(volume, 'a/absolute'));
  symlinkSync('..', join(volume, 'a/up'));
});
afterEach(() => rmSync(base, { recursive: true }));

describe('a folder of a volume', () => {
  test('is found where it really is', () => {
    expect(realSubfolder(volume, '/a//b/')).toBe('a/b');
    expect(realSubfolder(volume, 'within')).toBe('a/b');
    expect(realSubfolder(volume, 'a/up')).toBe('');
    expect(realSubfolder(volume, '')).toBe('');
  });

  test.each(['out', 'out/x', 'a/absolute', 'a/up/out', 'a/../../outside'])('%s leads out', (path) => {
    expect(() => realSubfolder(volume, path)).toThrow(/leads out of the volume|holds '..'|can't be found/);
    expect(() => madeSubfolder(volume, path)).toThrow(/leads out of the volume|holds '..'/);
    expect(existsSync(join(base, 'outside/x'))).toBe(false);
  });

  test.each(['missing', 'file'])('%s is none', (path) => {
    expect(() => realSubfolder(volume, path)).toThrow();
  });

  test('is made where it is missing, and only there', () => {
    expect(madeSubfolder(volume, 'within/new/deep')).toBe('a/b/new/deep');
    expect(existsSync(join(volume, 'a/b/new/deep'))).toBe(true);
    expect(() => madeSubfolder(volume, 'file/x')).toThrow(/can't be made: ENOTDIR/);
  });

  test('has a name that is neither a way out nor a pattern', () => {
    for (const path of ['..', 'a/../b', '.x8sync', '/.x8sync/tmp', 'a\\b', 'a\nb'])
      expect(subfolderProblem(path)).toBeDefined();
    for (const path of ['a', '/a/b/', 'a b', '..a', 'a/.x8sync', 'a*[b]?', '-a'])
      expect(subfolderProblem(path)).toBeUndefined();
  });
});
