import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'staging-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const common = {
  scan: { permissions: 'portable', symlinks: 'portable' },
  ignores: { lists: [], vcs: false },
  trashLimit: 1e6,
} as const;
const open = () => new LocalEndpoint({ root, ...common });
const shared = () => join(root, '.x8s-devsync', 'staging');

test.each([
  ['in part', 1000, 1000],
  ['in full, but was never finished', 300_000, 0],
  ['and more', 300_001, 0],
])('of a content that is there %s, the rest is asked for', async (_, there, offset) => {
  const data = Buffer.alloc(300_000, 'x');
  const digest = sha256(data);
  mkdirSync(shared(), { recursive: true });
  writeFileSync(join(shared(), `${digest}.part`), Buffer.alloc(there, 'x'));
  const one = open();
  const [need] = await one.missing([{ digest, size: data.length, path: 'f' }]);
  expect(need?.offset).toBe(offset);
  await one.incoming.write({ digest, size: data.length, offset, data: data.subarray(offset) });
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
    await one.incoming.write(half);
    const other = open();
    // What the first one has may be used, as long as it stays there.
    expect(await offsetFor(other)).toEqual([150_000]);
    await other.incoming.write(rest);
    expect(await other.apply([{ path: 'g', old: undefined, new: file }], 'op')).toEqual([{ path: 'g' }]);
    await other.close();
    await one.incoming.write(rest);
    expect(await one.apply([{ path: 'f', old: undefined, new: file }], 'op')).toEqual([{ path: 'f' }]);
    await one.close();
    for (const name of ['f', 'g']) expect(readFileSync(join(root, name)).equals(data)).toBe(true);
  });

  test('what it leaves is for the next one', async () => {
    const one = open();
    await one.incoming.write(half);
    await one.close();
    expect(readdirSync(shared())).toEqual([`${digest}.part`]);
    const next = open();
    expect(await offsetFor(next)).toEqual([150_000]);
    await next.close();
  });

  test('a process that was killed has left its work', async () => {
    const script = `
      import { LocalEndpoint } from '${join(import.meta.dirname, '../../../../../../plugins/devsync/sync/local/local-endpoint.ts')}';
      const scan = { permissions: 'portable', symlinks: 'portable' };
      const one = new LocalEndpoint({ root: ${JSON.stringify(root)}, scan, ignores: { lists: [], vcs: false }, trashLimit: 1 });
      await one.incoming.write({ digest: '${digest}', size: ${size}, offset: 0, data: Buffer.alloc(150_000, 'x') });
      console.log('written');
      setInterval(() => {}, 1e9);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script]);
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.stderr.once('data', (text) => reject(new Error(String(text))));
    });
    // It lives: its folder stays.
    await open().close();
    expect(readdirSync(shared()).length).toBe(1);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    const next = open();
    expect(readdirSync(shared()).length).toBe(1);
    expect(await offsetFor(next)).toEqual([150_000]);
    await next.close();
  });

  test.each([
    ['a while ago', 30, 1],
    ['long ago', 3600, 0],
  ])('one elsewhere that was heard of %s', async (_, seconds, kept) => {
    const folder = join(shared(), 'at-0123456789abcdef-42-4242-0123456789ab');
    mkdirSync(folder, { recursive: true });
    for (const name of ['scratch42-0', 'alive']) writeFileSync(join(folder, name), '');
    writeFileSync(join(folder, `${digest}.part`), half.data);
    const then = Date.now() / 1000 - seconds;
    utimesSync(join(folder, 'alive'), then, then);
    const next = open();
    expect(await offsetFor(next)).toEqual([150_000]);
    await next.close();
    const left = readdirSync(shared()).filter((name) => name.startsWith('at-'));
    expect(left.length).toBe(kept);
    if (kept > 0) expect(readdirSync(folder).length).toBe(3);
  });

  test('one that could not begin has let go', () => {
    mkdirSync(join(root, '.x8s-devsync', '.gitignore'), { recursive: true });
    expect(open).toThrow();
    expect(readdirSync(shared())).toEqual([]);
  });

  test('whose folder was taken away makes itself another one', async () => {
    const one = open();
    rmSync(shared(), { recursive: true });
    await one.refresh();
    await one.incoming.write({ ...half, data });
    expect(await one.apply([{ path: 'f', old: undefined, new: file }], 'op')).toEqual([{ path: 'f' }]);
    await one.close();
  });
});

describe('an endpoint that is closed', () => {
  test('does nothing any more, and opens nothing anew', async () => {
    const one = open();
    const [first, last] = [one.refresh(), one.close()];
    // What was asked for before is done first; what comes while it closes is refused.
    await expect(one.refresh(true)).rejects.toMatchObject({ code: 'ECANCELED' });
    await Promise.all([first, last]);
    await expect(one.refresh()).rejects.toMatchObject({ code: 'ECANCELED' });
    await expect(one.apply([], 'op')).rejects.toMatchObject({ code: 'ECANCELED' });
    expect(readdirSync(shared())).toEqual([]);
  });

  test('is closed once: descriptors that others have by now stay open', async () => {
    const one = open();
    await one.close();
    const others = Array.from({ length: 8 }, () => openSync(root, 'r'));
    await one.close();
    for (const fd of others) expect(() => closeSync(fd)).not.toThrow();
  });
});

describe('what never arrives', () => {
  /** Files in the root that this process holds open; directories are for whoever goes through them. */
  const openFiles = () => readdirSync('/proc/self/fd').filter(isOpenFile).length;
  const isOpenFile = (fd: string) => {
    try {
      const link = `/proc/self/fd/${fd}`;
      return readlinkSync(link).startsWith(root) && statSync(link).isFile();
    } catch {
      return false;
    }
  };
  const staged = () => {
    const folders = readdirSync(shared()).filter((name) => name.startsWith('at-'));
    return folders.flatMap((folder) =>
      readdirSync(join(shared(), folder)).filter((name) => name !== 'alive'),
    );
  };
  const contentOf = (text: string, size = 300_000) => {
    const data = Buffer.alloc(size, text);
    return { data, digest: sha256(data), size };
  };

  test('a file that grows while it is sent leaves one part, and one open file, until the next one comes', async () => {
    const one = open();
    const before = openFiles();
    for (let version = 0; version < 20; version++) {
      const { digest, size, data } = contentOf(`version ${version} `);
      await one.incoming.write({ digest, size, offset: 0, data: data.subarray(0, 200_000) });
      expect([staged().length, openFiles() - before]).toEqual([1, 1]);
    }
    // Whoever wants to use it is told, and nothing is left of it.
    const { digest, size } = contentOf('version 19 ');
    const file = { kind: 'file', digest, size, executable: false } as const;
    const [result] = await one.apply([{ path: 'f', old: undefined, new: file }], 'op');
    expect(result?.problem).toMatch(/changed while it was read/);
    expect([staged(), openFiles() - before]).toEqual([[], 0]);
    await one.close();
  });

  test('a stream that ends in the middle of a content leaves no open file', async () => {
    const one = open();
    const before = openFiles();
    const { digest, size, data } = contentOf('x');
    await one.receive(
      (async function* () {
        yield { digest, size, offset: 0, data: data.subarray(0, 200_000) };
      })(),
    );
    expect([staged(), openFiles() - before]).toEqual([[], 0]);
    await one.close();
  });

  test.each([
    ['small', 100],
    ['large', 300_000],
  ])('a %s file that cannot be put there is kept once, however often it is tried', async (_, length) => {
    mkdirSync(join(root, 'there'));
    writeFileSync(join(root, 'there', 'f'), 'theirs');
    const one = open();
    await one.refresh(true);
    const { digest, size, data } = contentOf('x', length);
    const made = { kind: 'file', digest, size, executable: false } as const;
    for (let attempt = 0; attempt < 20; attempt++) {
      if (length > 1000) await one.incoming.write({ digest, size, offset: 0, data });
      const along = length > 1000 ? undefined : new Map([[digest, data]]);
      // Something else is there by now: that is found out when the content is at hand.
      const operations = [{ path: 'there/f', old: undefined, new: made }];
      const [result] = await one.apply(operations, `op${attempt}`, along);
      expect(result?.problem).toBe('something else has appeared there');
    }
    expect(staged().length).toBeLessThanOrEqual(1);
    await one.close();
  });

  test('what could not be put there is bounded, and the newest of it is kept', async () => {
    const one = new LocalEndpoint({ root, ...common, stagingLimit: 1e6 });
    writeFileSync(join(root, 'f'), 'theirs');
    await one.refresh(true);
    const [folder = ''] = readdirSync(shared());
    const bytes = () => staged().reduce((sum, name) => sum + statSync(join(shared(), folder, name)).size, 0);
    for (let version = 0; version < 20; version++) {
      const { digest, size, data } = contentOf(`version ${version} `);
      await one.incoming.write({ digest, size, offset: 0, data });
      const file = { kind: 'file', digest, size, executable: false } as const;
      await one.apply([{ path: 'f', old: undefined, new: file }], `op${version}`);
      expect(staged()).toContain(digest);
      expect(bytes()).toBeLessThanOrEqual(1e6);
    }
    await one.close();
  });

  test('a content that has no room there is refused, with the reason', async () => {
    const one = new LocalEndpoint({ root, ...common, stagingLimit: 1e6 });
    const { digest, size, data } = contentOf('x', 2_000_000);
    for (let offset = 0; offset < size; offset += 250_000)
      await one.incoming.write({ digest, size, offset, data: data.subarray(offset, offset + 250_000) });
    expect(staged()).toEqual([]);
    const file = { kind: 'file', digest, size, executable: false } as const;
    const [result] = await one.apply([{ path: 'f', old: undefined, new: file }], 'op');
    expect(result?.problem).toMatch(/larger than/);
    await one.close();
  });
});
