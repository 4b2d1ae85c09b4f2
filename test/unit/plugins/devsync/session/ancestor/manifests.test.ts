import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Manifests } from '../../../../../../plugins/devsync/session/ancestor/manifests.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifests-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const treeOf = (text: string) => {
  const digest = sha256(Buffer.from(text));
  const file = { kind: 'file', digest, size: text.length, executable: false } as const;
  return { kind: 'directory', children: new Map([['f', file]]) } as const;
};

test('a manifest is there as a whole or not at all', () => {
  const manifests = new Manifests(folder);
  manifests.keep('image', treeOf('one'));
  const [name = ''] = readdirSync(join(folder, 'manifests'));
  const file = join(folder, 'manifests', name);
  linkSync(file, join(folder, 'before'));
  const before = readFileSync(file);
  manifests.keep('image', treeOf('another one'));
  // What was there was replaced, and never written to.
  expect(readFileSync(join(folder, 'before')).equals(before)).toBe(true);
  expect(manifests.get('image')).toEqual(treeOf('another one'));
  expect(readdirSync(join(folder, 'manifests'))).toEqual([name]);
});
