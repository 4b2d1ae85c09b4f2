/** Modes and groups of what is put in place. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyDirectory, type File, walk } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import type { Operation } from '../../../../../../plugins/devsync/reconcile/operations.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import type { ScanOptions } from '../../../../../../plugins/devsync/sync/scan/scan.ts';
import { asEntry, packEntry } from '../../../../../../plugins/devsync/wire/check.ts';
import { Pair } from '../../support/pair.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'modes-'));
  chmodSync(root, 0o755);
});
afterEach(() => rmSync(root, { recursive: true }));

const data = Buffer.from('a content');
const file = { kind: 'file', digest: sha256(data), size: data.length, executable: false } as const;
const modeOf = (path: string) => lstatSync(join(root, path)).mode & 0o7777;

async function apply(operations: Operation[], permissions: 'portable' | 'kept' = 'portable') {
  const endpoint = new LocalEndpoint({
    root,
    scan: { permissions, symlinks: 'portable' },
    ignores: { lists: [], vcs: false },
    trashLimit: 1e6,
  });
  try {
    await endpoint.refresh(true);
    const results = await endpoint.apply(operations, 'first', new Map([[file.digest, data]]));
    expect(results).toEqual(operations.map(({ path }) => ({ path })));
  } finally {
    await endpoint.close();
  }
}

test('a file in the place of a link has the mode of a new one', async () => {
  writeFileSync(join(root, 'other'), '');
  symlinkSync('other', join(root, 'x'));
  symlinkSync('other', join(root, 'run'));
  const old = { kind: 'symlink', target: 'other' } as const;
  await apply([
    { path: 'x', old, new: file },
    { path: 'run', old, new: { ...file, executable: true } },
  ]);
  expect([modeOf('x').toString(8), modeOf('run').toString(8)]).toEqual(['644', '755']);
});

const made: Operation[] = [
  { path: 'shared/empty', old: undefined, new: emptyDirectory },
  { path: 'shared/full', old: undefined, new: emptyDirectory },
  { path: 'shared/full/file', old: undefined, new: file },
  { path: 'shared/full/deep', old: undefined, new: emptyDirectory },
  { path: 'shared/full/deep/file', old: undefined, new: file },
];
const inShared = ['empty', 'full', 'full/file', 'full/deep', 'full/deep/file'].map(
  (path) => `shared/${path}`,
);

(process.getuid?.() === 0 ? describe : describe.skip)(
  'a directory whose content belongs to its group',
  () => {
    beforeEach(() => {
      mkdirSync(join(root, 'shared'));
      chownSync(join(root, 'shared'), 0, 4242);
      chmodSync(join(root, 'shared'), 0o2775);
    });
    const groupsOf = () => inShared.map((path) => lstatSync(join(root, path)).gid);

    test('hands that on to those in it', async () => {
      await apply(made);
      expect(groupsOf()).toEqual(inShared.map(() => 4242));
      const modes = ['shared/empty', 'shared/full', 'shared/full/deep'].map((path) =>
        modeOf(path).toString(8),
      );
      expect(modes).toEqual(['2775', '2775', '2775']);
    });

    test('stays so when its permission bits are set', async () => {
      const old = { ...emptyDirectory, mode: 0o775 };
      await apply([{ path: 'shared', old, new: { ...emptyDirectory, mode: 0o750 } }], 'kept');
      expect(modeOf('shared').toString(8)).toBe('2750');
    });

    test('gives to its group where only root could give to its owner', () => {
      chmodSync(root, 0o777);
      const code = `
      import { LocalEndpoint } from ${JSON.stringify(resolve('plugins/devsync/sync/local/local-endpoint.ts'))};
      const [options, operations, data] = ${JSON.stringify([
        {
          root,
          scan: { permissions: 'portable', symlinks: 'portable' },
          ignores: { lists: [], vcs: false },
          trashLimit: 1e6,
        },
        made.map(({ path, new: wanted }) => ({
          path,
          new: wanted?.kind === 'directory' ? { kind: 'directory' } : wanted,
        })),
        data.toString(),
      ])};
      for (const { new: wanted } of operations) if (wanted.kind === 'directory') wanted.children = new Map();
      const endpoint = new LocalEndpoint(options);
      await endpoint.refresh(true);
      await endpoint.apply(operations, 'first', new Map([['${file.digest}', Buffer.from(data)]]));
      await endpoint.close();
    `;
      const program = [
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        code,
      ];
      execFileSync('setpriv', ['--reuid=1000', '--regid=1000', '--groups=4242', ...program], {
        stdio: 'pipe',
      });
      expect(groupsOf()).toEqual(inShared.map(() => 4242));
      expect(lstatSync(join(root, 'shared/full/deep/file')).uid).toBe(1000);
    });
  },
);

test('of a file that is replaced stays what it was', async () => {
  writeFileSync(join(root, 'x'), 'before');
  chmodSync(join(root, 'x'), 0o640);
  const before = Buffer.from('before');
  await apply([{ path: 'x', old: { ...file, digest: sha256(before), size: before.length }, new: file }]);
  expect(modeOf('x').toString(8)).toBe('640');
  unlinkSync(join(root, 'x'));
});

describe('what is new', () => {
  const wanted: Operation[] = [
    { path: 'all', old: undefined, new: file },
    { path: 'ours', old: undefined, new: { ...file, reach: 'group' } },
    { path: 'mine', old: undefined, new: { ...file, reach: 'owner' } },
    { path: 'tool', old: undefined, new: { ...file, executable: true, reach: 'owner' } },
    { path: 'dir', old: undefined, new: { ...emptyDirectory, reach: 'owner' } },
    { path: 'dir/inside', old: undefined, new: file },
    { path: 'dir/deep', old: undefined, new: emptyDirectory },
    { path: 'empty', old: undefined, new: { ...emptyDirectory, reach: 'group' } },
  ];
  const modes = () => Object.fromEntries(wanted.map(({ path }) => [path, modeOf(path).toString(8)]));

  test('is no wider than it is on the other side, however wide the directory is', async () => {
    chmodSync(root, 0o777);
    await apply(wanted);
    expect(modes()).toEqual({
      ...{ all: '666', ours: '660', mine: '600', tool: '700' },
      ...{ dir: '700', 'dir/inside': '600', 'dir/deep': '700', empty: '770' },
    });
  });

  test('stays with the group where the directory hands that on', async () => {
    chmodSync(root, 0o2775);
    await apply(wanted);
    expect(modes()).toEqual({
      ...{ all: '664', ours: '660', mine: '660', tool: '770' },
      ...{ dir: '2770', 'dir/inside': '660', 'dir/deep': '2770', empty: '2770' },
    });
  });

  test('is told with who has any rights, where that is asked for', async () => {
    for (const [name, mode] of Object.entries({ all: 0o644, ours: 0o640, mine: 0o600, write: 0o602 })) {
      writeFileSync(join(root, name), '');
      chmodSync(join(root, name), mode);
    }
    const options = { permissions: 'portable', symlinks: 'portable' } as const;
    const seen = async (scan: ScanOptions) => {
      const ignores = { lists: [], vcs: false };
      const endpoint = new LocalEndpoint({ root, scan, ignores, trashLimit: 1e6 });
      await endpoint.refresh(true);
      await endpoint.close();
      const found = [...walk(endpoint.tree)].filter(([path]) => path !== '' && !path.startsWith('.'));
      return Object.fromEntries(found.map(([path, entry]) => [path, (entry as File).reach]));
    };
    const expected = { all: undefined, ours: 'group', mine: 'owner', write: undefined };
    expect(await seen({ ...options, reach: true })).toEqual(expected);
    const unknown = { all: undefined, ours: undefined, mine: undefined, write: undefined };
    expect(await seen(options)).toEqual(unknown);
    expect(await seen({ ...options, permissions: 'kept', reach: true })).toEqual(unknown);
  });

  test('keeps that on its way to an end that knows of it, and goes to others without', () => {
    for (const one of wanted)
      for (const more of [{}, { modified: 7 }, { mode: 0o600 }]) {
        const entry = { ...(one.new as File), ...more };
        if (entry.kind !== ('directory' as string) || !('modified' in more))
          expect(asEntry(JSON.parse(JSON.stringify(packEntry(entry, true))))).toEqual(entry);
        expect(packEntry(entry)).not.toContain(entry.reach ?? 'owner');
      }
  });
});

test('a private file is private on the other side, both ways, and that is told once', async () => {
  const lines: string[] = [];
  const pair = new Pair({
    scan: { permissions: 'portable', symlinks: 'portable', reach: true },
    sync: { onNotice: (line) => lines.push(line) },
  });
  try {
    for (const folder of [pair.local, pair.container]) chmodSync(folder, 0o777);
    const put = (path: string) => writeFileSync(path, 'secret', { mode: 0o600 });
    put(join(pair.local, 'here'));
    put(join(pair.container, 'there'));
    await pair.start();
    await pair.synchronizer.flush();
    put(join(pair.local, 'another'));
    await pair.synchronizer.flush();
    const found = [join(pair.container, 'here'), join(pair.local, 'there'), join(pair.container, 'another')];
    expect(found.map((path) => (lstatSync(path).mode & 0o777).toString(8))).toEqual(['600', '600', '600']);
    expect(lines).toEqual([
      expect.stringMatching(/^not for everybody here, and so in the container: here; /),
    ]);
  } finally {
    await pair.remove();
  }
}, 30_000);
