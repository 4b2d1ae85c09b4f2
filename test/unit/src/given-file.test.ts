import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { unreadableFile } from '../../../src/given-file.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'x8s-given-'));
  writeFileSync(join(base, 'file'), '');
});
afterEach(() => rmSync(base, { recursive: true }));

test.each([
  ['nowhere', 'it does not exist'],
  ['file/below', 'a part of the path is no directory'],
  ['.', 'it is a directory'],
])('%s can’t be read: %s', (name, why) => {
  const path = join(base, name);
  try {
    readFileSync(path);
    throw new Error('it was read');
  } catch (error) {
    expect(unreadableFile('--filename', path, error).message).toBe(`--filename: can't read ${path}: ${why}`);
  }
});
