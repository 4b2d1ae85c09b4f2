import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { selectionOf } from '../../../../../../plugins/x8sync/commands/options/selection-options.ts';

const nothing = { sourcePath: undefined, targetPath: undefined, exclude: [], include: [], excludeFrom: [] };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'x8sync-selection-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['Unix', '\n'],
  ['Windows', '\r\n'],
])('a file of patterns has the line ends of %s', (_, end) => {
  const file = join(folder, 'patterns');
  writeFileSync(file, ['# what is made anew', '*.log', '', '+ keep.log', '; more', '/cache/', ''].join(end));
  expect(selectionOf({ ...nothing, excludeFrom: [file] }).filters).toEqual([
    { action: 'exclude', pattern: '*.log' },
    { action: 'include', pattern: 'keep.log' },
    { action: 'exclude', pattern: '/cache/' },
  ]);
});

test('a pattern that is none is named with its file and line', () => {
  const file = join(folder, 'patterns');
  writeFileSync(file, '*.log\n!\n');
  expect(() => selectionOf({ ...nothing, excludeFrom: [file] })).toThrow(`${file}:2:`);
});

test('folders of the claims are paths with slashes, from any workstation', () => {
  expect(selectionOf({ ...nothing, sourcePath: '/a//b/', targetPath: './c' })).toMatchObject({
    sourcePath: 'a/b',
    targetPath: 'c',
  });
  expect(() => selectionOf({ ...nothing, sourcePath: String.raw`a\b` })).toThrow('--source-path');
});

test('a folder that is nothing is not the whole volume: it comes of a variable that is not set', () => {
  for (const targetPath of ['', ' '])
    expect(() => selectionOf({ ...nothing, targetPath })).toThrow(
      `--target-path "${targetPath}": names nothing`,
    );
  expect(selectionOf({ ...nothing, targetPath: '/' }).targetPath).toBe('');
});
