import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Folder } from '../../../../../plugins/devsync/sync/folder.ts';
import { Trash } from '../../../../../plugins/devsync/sync/trash.ts';

let base: string;
let trash: Trash;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'trash-'));
  mkdirSync(join(base, 'trash'));
  trash = new Trash(Folder.open(join(base, 'trash')), 100);
});
afterEach(() => {
  trash.close();
  rmSync(base, { recursive: true });
});

function discard(operation: string, size: number): void {
  writeFileSync(join(base, operation), 'x'.repeat(size));
  trash.begin(operation);
  trash.move(join(base, operation), operation);
}
const operations = () => trash.list().map(({ operation }) => operation);

test('the oldest goes where it is full, and not where a person has made room', () => {
  for (const operation of ['1', '2', '3']) discard(operation, 40);
  expect([operations(), trash.used]).toEqual([['2', '3'], 80]);
  rmSync(join(base, 'trash', '3'), { recursive: true });
  discard('4', 40);
  expect([operations(), trash.used]).toEqual([['2', '4'], 80]);
});

test('what was taken out is not counted', () => {
  discard('1', 40);
  rmSync(join(base, 'trash', '1'), { recursive: true });
  expect([trash.list(), trash.used]).toEqual([[], 0]);
});
