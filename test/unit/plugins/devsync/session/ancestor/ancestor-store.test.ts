import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Entry } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { lookup } from '../../../../../../plugins/devsync/reconcile/tree.ts';
import { AncestorStore } from '../../../../../../plugins/devsync/session/ancestor/ancestor-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ancestor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (letter: string): Entry => ({
  kind: 'file',
  digest: letter.repeat(64),
  size: 1,
  executable: false,
});
const root: Entry = { kind: 'directory', children: new Map([['a', file('a')]]) };

test('what was learned is there after a restart', () => {
  const store = new AncestorStore(folder);
  expect(store.load('here')).toBe(false);
  store.begin('here', root);
  store.record([
    ['b', file('b')],
    ['a', undefined],
  ]);
  const again = new AncestorStore(folder);
  expect(again.load('here')).toBe(true);
  expect(again.tree).toEqual(store.tree);
  expect([lookup(again.tree, 'a'), lookup(again.tree, 'b')]).toEqual([undefined, file('b')]);
});

test('it describes one place and no other', () => {
  new AncestorStore(folder).begin('here', root);
  expect(new AncestorStore(folder).load('elsewhere')).toBe(false);
});

test('a last line that a crash cut off is nothing, and spoils nothing', () => {
  const store = new AncestorStore(folder);
  store.begin('here', root);
  store.record([['b', file('b')]]);
  const path = join(folder, 'ancestor.jsonl');
  truncateSync(path, readFileSync(path).length - 3);
  const again = new AncestorStore(folder);
  expect(again.load('here')).toBe(true);
  expect(again.tree).toEqual(root);
  again.record([['c', file('c')]]);
  const third = new AncestorStore(folder);
  third.load('here');
  expect([lookup(third.tree, 'b'), lookup(third.tree, 'c')]).toEqual([undefined, file('c')]);
});

test('a path that leads out is refused, whoever wrote it', () => {
  const store = new AncestorStore(folder);
  store.begin('here', root);
  appendFileSync(join(folder, 'ancestor.jsonl'), '["../x",["d"]]\n');
  expect(() => new AncestorStore(folder).load('here')).toThrow();
});
