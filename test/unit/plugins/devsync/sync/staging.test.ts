import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../../../plugins/devsync/sync/digest.ts';
import { LocalEndpoint } from '../../../../../plugins/devsync/sync/local-endpoint.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'staging-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const open = () =>
  new LocalEndpoint({
    root,
    scan: { permissions: 'portable', symlinks: 'portable' },
    ignores: { lists: [], vcs: false },
    trashLimit: 1e6,
  });
const shelf = () => join(root, '.x8s-devsync', 'staging');

test.each([
  ['in part', 1000, 1000],
  ['in full, but was never finished', 300_000, 0],
  ['and more', 300_001, 0],
])('of a content that is there %s, the rest is asked for', async (_, there, offset) => {
  const data = Buffer.alloc(300_000, 'x');
  const digest = sha256(data);
  mkdirSync(shelf(), { recursive: true });
  writeFileSync(join(shelf(), `${digest}.part`), Buffer.alloc(there, 'x'));
  const one = open();
  const [need] = await one.missing([{ digest, size: data.length, path: 'f' }]);
  expect(need?.offset).toBe(offset);
  await one.write({ digest, size: data.length, offset, data: data.subarray(offset) });
  const file = { kind: 'file', digest, size: data.length, executable: false } as const;
  expect(await one.apply([{ path: 'f', old: undefined, new: file }], 'op')).toEqual([{ path: 'f' }]);
  await one.close();
});

describe('while another one works in the same root', () => {
  const data = Buffer.alloc(300_000, 'x');
  const [digest, size] = [sha256(data), data.length];
  const file = { kind: 'file', digest, size, executable: false } as const;
  const half = { digest, size, offset: 0, data: data.subarray(0, 150_000) };
  const rest = { digest, size, offset: 150_000, data: data.subarray(150_000) };
  const offsetFor = async (one: LocalEndpoint) =>
    (await one.missing([{ digest, size, path: 'f' }])).map(({ offset }) => offset);

  test('what it has in progress is left to it', async () => {
    const one = open();
    await one.write(half);
    const other = open();
    // What the first one has may be used, as long as it stays there.
    expect(await offsetFor(other)).toEqual([150_000]);
    await other.write(rest);
    expect(await other.apply([{ path: 'g', old: undefined, new: file }], 'op')).toEqual([{ path: 'g' }]);
    await other.close();
    await one.write(rest);
    expect(await one.apply([{ path: 'f', old: undefined, new: file }], 'op')).toEqual([{ path: 'f' }]);
    await one.close();
    for (const name of ['f', 'g']) expect(readFileSync(join(root, name)).equals(data)).toBe(true);
  });

  test('what it leaves is for the next one', async () => {
    const one = open();
    await one.write(half);
    await one.close();
    expect(readdirSync(shelf())).toEqual([`${digest}.part`]);
    const next = open();
    expect(await offsetFor(next)).toEqual([150_000]);
    await next.close();
  });

  test('a process that was killed has left its work', async () => {
    const script = `
      import { LocalEndpoint } from '${join(import.meta.dirname, '../../../../../plugins/devsync/sync/local-endpoint.ts')}';
      const scan = { permissions: 'portable', symlinks: 'portable' };
      const one = new LocalEndpoint({ root: ${JSON.stringify(root)}, scan, ignores: { lists: [], vcs: false }, trashLimit: 1 });
      await one.write({ digest: '${digest}', size: ${size}, offset: 0, data: Buffer.alloc(150_000, 'x') });
      console.log('written');
      setInterval(() => {}, 1e9);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script]);
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.stderr.once('data', (text) => reject(new Error(String(text))));
    });
    // It lives: its bench stays.
    await open().close();
    expect(readdirSync(shelf()).length).toBe(1);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    const next = open();
    expect(readdirSync(shelf()).length).toBe(1);
    expect(await offsetFor(next)).toEqual([150_000]);
    await next.close();
  });

  test.each([
    ['a while ago', 30, 1],
    ['long ago', 3600, 0],
  ])('one elsewhere that was heard of %s', async (_, seconds, kept) => {
    const bench = join(shelf(), 'at-0123456789abcdef-42-4242-0123456789ab');
    mkdirSync(bench, { recursive: true });
    for (const name of ['scratch42-0', 'alive']) writeFileSync(join(bench, name), '');
    writeFileSync(join(bench, `${digest}.part`), half.data);
    const then = Date.now() / 1000 - seconds;
    utimesSync(join(bench, 'alive'), then, then);
    const next = open();
    expect(await offsetFor(next)).toEqual([150_000]);
    await next.close();
    const left = readdirSync(shelf()).filter((name) => name.startsWith('at-'));
    expect(left.length).toBe(kept);
    if (kept > 0) expect(readdirSync(bench).length).toBe(3);
  });

  test('one that could not begin has let go', () => {
    mkdirSync(join(root, '.x8s-devsync', '.gitignore'), { recursive: true });
    expect(open).toThrow();
    expect(readdirSync(shelf())).toEqual([]);
  });

  test('whose bench was taken away makes itself another one', async () => {
    const one = open();
    rmSync(shelf(), { recursive: true });
    await one.refresh();
    await one.write({ ...half, data });
    expect(await one.apply([{ path: 'f', old: undefined, new: file }], 'op')).toEqual([{ path: 'f' }]);
    await one.close();
  });
});
