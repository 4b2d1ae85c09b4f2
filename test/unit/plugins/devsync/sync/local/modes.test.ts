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
import { emptyDirectory } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import type { Operation } from '../../../../../../plugins/devsync/reconcile/operations.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';

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
