/** New directories are put in place as a whole, and never in the place of something. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { emptyDirectory } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import type { Operation } from '../../../../../../plugins/devsync/reconcile/operations.ts';
import { lookup } from '../../../../../../plugins/devsync/reconcile/tree.ts';
import { buildable } from '../../../../../../plugins/devsync/sync/apply/build.ts';
import { privateFolder } from '../../../../../../plugins/devsync/sync/files/names.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import { allTold } from '../../support/told.ts';

let root: string;
let endpoint: LocalEndpoint;
let hints = 0;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'build-'));
  endpoint = new LocalEndpoint({
    root,
    scan: { permissions: 'portable', symlinks: 'portable' },
    ignores: { lists: [], vcs: false },
    trashLimit: 1e6,
  });
  await endpoint.refresh(true);
  hints = 0;
  endpoint.onHint = () => hints++;
});
afterEach(async () => {
  await endpoint.close();
  rmSync(root, { recursive: true });
});

const text = (name: string) => Buffer.from(`content of ${name}`);
const make = (path: string, executable = false): Operation => {
  const data = text(path);
  return { path, old: undefined, new: { kind: 'file', digest: sha256(data), size: data.length, executable } };
};
const directory = (path: string): Operation => ({ path, old: undefined, new: emptyDirectory });
const contentsOf = (...paths: string[]) => new Map(paths.map((path) => [sha256(text(path)), text(path)]));
const staged = () => {
  const shared = join(root, privateFolder, 'staging');
  return readdirSync(shared).flatMap((folder) =>
    readdirSync(join(shared, folder)).filter((name) => name !== 'alive'),
  );
};

test('a directory and what is directly in it are made in one go, and are no news', async () => {
  const link = { path: 'd/link', old: undefined, new: { kind: 'symlink', target: 'a' } } as const;
  const operations = [directory('d'), make('d/a'), make('d/b', true), link, directory('d/e'), make('d/e/c')];
  expect([buildable(operations, 0), buildable(operations, 1), buildable(operations, 4)]).toEqual([4, 0, 2]);
  const results = await endpoint.apply(operations, 'first', contentsOf('d/a', 'd/b', 'd/e/c'));
  expect(results).toEqual(operations.map(({ path }) => ({ path })));
  expect(readFileSync(join(root, 'd/link'), 'utf8')).toBe('content of d/a');
  expect(readFileSync(join(root, 'd/e/c'), 'utf8')).toBe('content of d/e/c');
  expect([statSync(join(root, 'd/a')).mode & 0o111, statSync(join(root, 'd/b')).mode & 0o111]).toEqual([
    0, 0o100,
  ]);
  expect(staged()).toEqual([]);
  const before = endpoint.tree;
  await allTold();
  await endpoint.refresh(true);
  expect(endpoint.tree).toBe(before);
});

test('what others do in it from then on is seen', async () => {
  await endpoint.apply([directory('d'), make('d/a')], 'first', contentsOf('d/a'));
  await allTold();
  hints = 0;
  writeFileSync(join(root, 'd/theirs'), 'x');
  writeFileSync(join(root, 'd/a'), 'changed');
  await allTold();
  expect(hints).toBeGreaterThan(0);
  await endpoint.refresh();
  expect(lookup(endpoint.tree, 'd/theirs')).toMatchObject({ kind: 'file' });
  expect(lookup(endpoint.tree, 'd/a')).toMatchObject({ digest: sha256(Buffer.from('changed')) });
});

test('what has appeared in its place stays, and the rest is put beside it', async () => {
  mkdirSync(join(root, 'd'));
  writeFileSync(join(root, 'd/a'), 'theirs');
  const results = await endpoint.apply(
    [directory('d'), make('d/a'), make('d/b')],
    'first',
    contentsOf('d/a', 'd/b'),
  );
  expect(results.map(({ problem }) => problem)).toEqual([
    undefined,
    'something else has appeared there',
    undefined,
  ]);
  expect(readFileSync(join(root, 'd/a'), 'utf8')).toBe('theirs');
  expect(readFileSync(join(root, 'd/b'), 'utf8')).toBe('content of d/b');
});

test('a content that is not what it is called is not taken, and its neighbours are', async () => {
  const contents = new Map([...contentsOf('d/b'), [sha256(text('d/a')), Buffer.from('something else')]]);
  const results = await endpoint.apply(
    [directory('d'), make('d/a'), make('d/b'), make('d/c')],
    'first',
    contents,
  );
  expect(results.map(({ problem }) => problem)).toEqual([
    undefined,
    'it changed while it was read',
    undefined,
    'its content did not arrive',
  ]);
  expect(readdirSync(join(root, 'd'))).toEqual(['b']);
  expect(existsSync(join(root, 'd/a'))).toBe(false);
});

test('where its parent is gone nothing is left behind', async () => {
  const results = await endpoint.apply([directory('x/d'), make('x/d/a')], 'first', contentsOf('x/d/a'));
  expect(results.map(({ problem }) => problem !== undefined)).toEqual([true, true]);
  expect(staged()).toEqual([]);
});
