/**
 * File systems that take two names for one. None can be mounted on every machine that runs this, so the file
 * system is a fake: ours, said to be one of those.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { childrenOf } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import type { Operation } from '../../../../../../plugins/devsync/reconcile/operations.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import { findsOtherCase } from '../../../../../../plugins/devsync/sync/metadata/probe.ts';
import { DigestCache, sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import { Scanner } from '../../../../../../plugins/devsync/sync/scan/scan.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'folding-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const scan = { permissions: 'portable', symlinks: 'portable' } as const;
const file = (text: string) =>
  ({ kind: 'file', digest: sha256(Buffer.from(text)), size: text.length, executable: false }) as const;

async function seen(fake: { foldsNames?: boolean; decomposes?: boolean }) {
  const scanner = new Scanner({
    root,
    options: scan,
    isIgnored: () => false,
    cache: new DigestCache(),
    mounts: new Set(),
    foldsNames: fake.foldsNames === true,
    decomposes: fake.decomposes === true,
  });
  return childrenOf(await scanner.scan(''));
}

async function fakeFolding(): Promise<LocalEndpoint> {
  const endpoint = new LocalEndpoint({ root, scan, ignores: { lists: [], vcs: false }, trashLimit: 1e6 });
  await endpoint.refresh(true);
  return Object.assign(endpoint, { facts: { ...endpoint.facts, foldsNames: true } });
}

test('two names that differ only by case: neither is synced, and both are told', async () => {
  for (const name of ['a', 'A', 'b']) writeFileSync(join(root, name), name);
  const entries = await seen({ foldsNames: true });
  expect([...entries].map(([name, { kind }]) => [name, kind]).sort()).toEqual([
    ['A', 'problem'],
    ['a', 'problem'],
    ['b', 'file'],
  ]);
  expect([...(await seen({})).values()].map(({ kind }) => kind)).toEqual(['file', 'file', 'file']);
});

test('a name is never put over one that differs by case, and a change of case alone is done', async () => {
  writeFileSync(join(root, 'readme'), 'theirs');
  const endpoint = await fakeFolding();
  const make: Operation = { path: 'README', old: undefined, new: file('ours') };
  const contents = new Map([[file('ours').digest, Buffer.from('ours')]]);
  const [refused] = await endpoint.apply([make], 'one', contents);
  expect(refused?.problem).toMatch(/^readme differs only by case/);
  expect(readFileSync(join(root, 'readme'), 'utf8')).toBe('theirs');
  const renamed = await endpoint.apply(
    [{ path: 'readme', old: file('theirs'), new: undefined }, make],
    'two',
    contents,
  );
  expect(renamed.map(({ problem }) => problem)).toEqual([undefined, undefined]);
  expect(readdirSync(root).filter((name) => !name.startsWith('.'))).toEqual(['README']);
  await endpoint.close();
});

test('a name that comes back with its letters taken apart is the one that it was', async () => {
  const [composed, apart] = ['caf\u00e9', 'cafe\u0301'];
  // Such a file system answers to either name.
  for (const name of [composed, apart]) writeFileSync(join(root, name), 'x');
  expect([...(await seen({ decomposes: true })).keys()]).toEqual([composed]);
  expect([...(await seen({})).keys()].sort()).toEqual([apart, composed]);
});

test('whether case counts is told by what is there', () => {
  const inodes = new Map([
    ['1', 1],
    ['readme', 2],
    ['README', 2],
  ]);
  const inodeOf = (name: string) => inodes.get(name);
  expect(findsOtherCase(['1', 'readme'], inodeOf)).toBe(true);
  // Two names of one file.
  expect(findsOtherCase(['1', 'readme', 'README'], inodeOf)).toBe(false);
  expect(findsOtherCase(['1', 'gone'], inodeOf)).toBe(false);
  inodes.delete('README');
  expect(findsOtherCase(['1', 'readme'], inodeOf)).toBe(false);
});
