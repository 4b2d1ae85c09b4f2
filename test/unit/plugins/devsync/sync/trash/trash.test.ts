import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Folder } from '../../../../../../plugins/devsync/sync/files/folder.ts';
import { Trash } from '../../../../../../plugins/devsync/sync/trash/trash.ts';

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

function discard(operation: string, size: number, path = operation): void {
  writeFileSync(join(base, operation), 'x'.repeat(size));
  trash.begin(operation);
  trash.move(join(base, operation), path);
  trash.count(size);
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

test('a file that changes all the time gives up its own versions, and nothing else goes for it', () => {
  discard('0', 40, 'precious');
  for (let version = 1; version < 30; version++) discard(String(version).padStart(2, '0'), 20, 'busy');
  expect([operations(), trash.used]).toEqual([['0', '27', '28', '29'], 100]);
  expect(readdirSync(join(base, 'trash')).length).toBe(4);
});

test('two that work in one place share its bound', () => {
  const other = new Trash(Folder.open(join(base, 'trash')), 100);
  const one = trash;
  for (let operation = 10; operation < 40; operation++) {
    trash = operation % 2 === 0 ? one : other;
    discard(String(operation), 40);
    expect(one.list().reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(100);
  }
  trash = one;
  other.close();
  expect(operations()).toEqual(['38', '39']);
});

test('a path that is longer than the system takes at once keeps nobody from the rest', () => {
  const name = 'd'.repeat(250);
  const path = `${Array.from({ length: 20 }, () => name).join('/')}/f`;
  discard('1', 10, path);
  discard('2', 10);
  expect(trash.list().map((item) => item.path)).toEqual([path, '2']);
  new Trash(Folder.open(join(base, 'trash')), 100).close();
});
