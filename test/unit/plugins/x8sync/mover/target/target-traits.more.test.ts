/** Targets that can't keep what they are given, on real file systems: what is lost is named and counted, and no more. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { isThorough } from '../../../../../support/thoroughness.ts';
import { mountShare, needingShares } from '../../../../support/caseless-share.ts';
import { type Pair, pair, withPrograms } from '../../../../support/mover-programs.ts';
import { needing } from '../../../../support/needing.ts';

let both: Pair;
const mounts: string[] = [];
const unmounts: (() => void)[] = [];
beforeEach(async () => {
  both = await pair();
});
afterEach(() => {
  for (const path of mounts.splice(0)) execFileSync('umount', ['--lazy', path]);
  for (const unmount of unmounts.splice(0)) unmount();
  both[Symbol.dispose]();
});

const fuse = '/dev/fuse';
const withFuse = needing(withPrograms, fuse, '/usr/bin/bindfs');
const withShare = needingShares(withPrograms);
const withLoops = needing(withPrograms, '/dev/loop-control', '/usr/sbin/mkfs.ext4');

/** Where the files of the target really are. */
function behind(): string {
  const folder = join(both.stage.root, 'behind');
  mkdirSync(folder);
  return folder;
}

function bindfs(...options: readonly string[]): void {
  execFileSync('bindfs', [...options, behind(), both.target]);
  mounts.push(both.target);
}

/** Mounts a share without case, owners and modes; resolves once it is there. */
async function share(longestName = 255): Promise<string> {
  const folder = behind();
  unmounts.push(await mountShare(folder, both.target, longestName));
  return folder;
}

/** Mounts an ext4 whose times end in 2038. */
function oldFileSystem(): void {
  const image = join(both.stage.root, 'image');
  execFileSync('truncate', ['-s', '32M', image]);
  execFileSync('mkfs.ext4', ['-q', '-I', '128', image]);
  execFileSync('mount', ['-o', 'loop', image, both.target]);
  mounts.push(both.target);
}

/** Node takes a time before 1970 for the present. */
const touch = (path: string, time: number) => execFileSync('touch', ['-d', `@${time}`, path]);

function write(name: string, { owner = 0, mode = 0o644, time = 1_000_000_000 } = {}): void {
  const path = join(both.source, name);
  writeFileSync(path, name);
  chownSync(path, owner, owner);
  chmodSync(path, mode);
  touch(path, time);
}

const rename = (from: string, to: string) => renameSync(join(both.source, from), join(both.source, to));

/** What is shown while the copy begins. */
const noticesOf = ({ lines }: { readonly lines: readonly string[] }): string =>
  lines.flatMap((line) => (line.startsWith('x8s:notice ') ? [line] : [])).join('\n');

const facts = (name: string) => {
  const { mode, uid, mtimeMs } = statSync(join(both.target, name));
  return { mode: mode & 0o7777, uid, time: mtimeMs / 1000 };
};

if (isThorough)
  withFuse(
    'a target that refuses to give files away keeps all the rest, and copies nothing twice',
    async () => {
      bindfs('--chown-deny', '--chgrp-deny');
      for (const name of ['a', 'b']) write(name, { owner: 1001, mode: 0o640 });
      write('c', { mode: 0o600 });
      await both.serve();
      const first = await both.copy();
      expect(first).toMatchObject({
        code: 5,
        outcome: 'partial',
        lost: ['ownership'],
        losses: [{ kind: 'ownership', count: 2, names: expect.arrayContaining(['a', 'b']) }],
        failures: [],
      });
      expect(noticesOf(first)).toContain('the target keeps no owners (all is 0:0 there): 2 of the source');
      expect(facts('a')).toEqual({ mode: 0o640, uid: 0, time: 1_000_000_000 });
      expect(await both.copy()).toMatchObject({
        code: 5,
        lost: ['ownership'],
        stats: { transferredFiles: 0 },
      });
    },
    60_000,
  );

if (isThorough)
  withFuse(
    'one that says yes and does nothing is found out',
    async () => {
      bindfs('--chown-ignore', '--chgrp-ignore', '--chmod-ignore');
      write('a', { owner: 1001, mode: 0o600 });
      write('same', { mode: 0o644 });
      await both.serve();
      const ended = await both.copy();
      expect(ended).toMatchObject({ code: 5, outcome: 'partial' });
      expect([...ended.lost].sort()).toEqual(['modes', 'ownership']);
      expect(ended.losses?.find(({ kind }) => kind === 'ownership')).toMatchObject({
        count: 1,
        names: ['a'],
      });
      expect(ended.losses?.find(({ kind }) => kind === 'modes')?.names).toContain('a');
    },
    60_000,
  );

withShare(
  'names that fall together are refused before the first byte, or skipped and named',
  async () => {
    const folder = await share();
    for (const name of ['FILE', 'file', 'other']) write(name);
    mkdirSync(join(both.source, 'Dir'));
    mkdirSync(join(both.source, 'dir'));
    writeFileSync(join(both.source, 'dir/in'), '');
    await both.serve();
    // Nothing at the target tells by its name, and that is said; nothing is said to be fine.
    const blind = await both.copy({ X8S_MODE: 'dry-run' });
    expect(blind).toMatchObject({ code: 0 });
    expect(noticesOf(blind)).toMatch(/has not tried out .*keeps owners, .*tells all names apart/);
    expect(readdirSync(folder)).toEqual([]);
    const refused = await both.copy();
    expect(refused).toMatchObject({ code: 3, outcome: 'refused' });
    expect(refused.message).toMatch(/"FILE" and "file"/);
    expect(refused.message).toMatch(/"Dir" and "dir"/);
    expect(readdirSync(folder)).toEqual([]);
    const skipped = await both.copy({ X8S_ON_COLLISION: 'skip' });
    expect(skipped).toMatchObject({ code: 5, outcome: 'partial' });
    expect(skipped.losses?.find(({ kind }) => kind === 'names')).toMatchObject({ count: 2 });
    expect(readdirSync(folder).sort()).toEqual(['Dir', 'FILE', 'other']);
    expect(readFileSync(join(folder, 'FILE'), 'utf8')).toBe('FILE');
    // What is there by now tells.
    expect(await both.copy({ X8S_MODE: 'dry-run' })).toMatchObject({ code: 3, outcome: 'refused' });
    const dryRun = await both.copy({ X8S_MODE: 'dry-run', X8S_ON_COLLISION: 'skip' });
    expect(dryRun).toMatchObject({
      code: 0,
      stats: { transferredFiles: 0 },
      losses: [{ kind: 'names', count: 2, names: expect.arrayContaining(['file', 'dir']) }],
    });
    expect(noticesOf(dryRun)).toMatch(/does not tell some names apart, and these are skipped: 2/);
  },
  60_000,
);

if (isThorough)
  withShare(
    'a name whose case alone has changed is the same entry there: no deletion takes it away',
    async () => {
      const folder = await share();
      for (const name of ['Readme', 'Changed', 'gone', 'stays']) write(name);
      mkdirSync(join(both.source, 'Dir'));
      for (const name of ['Dir/In', 'Dir/gone']) write(name);
      await both.serve();
      expect(await both.copy()).toMatchObject({ code: 5 });
      rename('Readme', 'README');
      rename('Changed', 'CHANGED');
      writeFileSync(join(both.source, 'CHANGED'), 'more than it was');
      rename('Dir', 'dir');
      rename('dir/In', 'dir/IN');
      for (const name of ['gone', 'dir/gone']) rmSync(join(both.source, name));
      const again = await both.copy({ X8S_DELETES: 'half' });
      expect(again).toMatchObject({ code: 5, failures: [], stats: { extraneous: 0 } });
      const contents = (name: string) => readFileSync(join(both.target, name), 'utf8');
      expect(
        readdirSync(folder)
          .map((name) => name.toLowerCase())
          .sort(),
      ).toEqual([...['changed', 'dir', 'readme', 'stays']]);
      expect(contents('README')).toBe('Readme');
      expect(contents('CHANGED')).toBe('more than it was');
      expect(readdirSync(join(both.target, 'dir')).map((name) => name.toLowerCase())).toEqual(['in']);
      expect(contents('dir/IN')).toBe('Dir/In');
    },
    60_000,
  );

withShare(
  'a name whose case changes between the look at what is to go and the pass that deletes is there in the end',
  async () => {
    await share();
    for (const name of ['Readme', 'gone', 'stays']) write(name);
    await both.serve();
    expect(await both.copy()).toMatchObject({ code: 5 });
    rmSync(join(both.source, 'gone'));
    const programs = join(both.stage.root, 'programs');
    mkdirSync(programs);
    const from = join(both.source, 'Readme');
    const shim = `#!/bin/sh
case " $* " in
  *" -n "*) ;;
  *" --delete"*) [ ! -e ${from} ] || mv ${from} ${join(both.source, 'README')} ;;
esac
exec /usr/bin/rsync "$@"
`;
    writeFileSync(join(programs, 'rsync'), shim, { mode: 0o755 });
    const path = `${programs}:${process.env.PATH}`;
    const again = await both.copy({ X8S_DELETES: 'all', PATH: path });
    expect(readdirSync(both.source)).toContain('README');
    expect(readFileSync(join(both.target, 'README'), 'utf8')).toBe('Readme');
    expect(again).toMatchObject({ code: 5, failures: [], stats: { transferredFiles: 1 } });
  },
  60_000,
);

withLoops(
  'times that the file system can not keep are named, and not copied each time',
  async () => {
    oldFileSystem();
    for (const [name, time] of [
      ['future [1]*', 5_000_000_000],
      ['past', -3_000_000_000],
      ['now', 1_700_000_000],
    ] as const)
      write(name, { time });
    await both.serve();
    const first = await both.copy();
    expect(first).toMatchObject({ code: 5, lost: ['times'], stats: { transferredFiles: 3 } });
    expect(first.losses).toEqual([
      { kind: 'times', count: 2, names: expect.arrayContaining(['past', 'future [1]*']) },
    ]);
    expect(await both.copy()).toMatchObject({
      code: 5,
      lost: ['times'],
      stats: { files: 3, entries: 4, transferredFiles: 0, extraneous: 0 },
    });
    writeFileSync(join(both.source, 'past'), 'more than it was');
    touch(join(both.source, 'past'), -3_000_000_000);
    expect(await both.copy()).toMatchObject({ code: 5, stats: { files: 3, transferredFiles: 1 } });
    expect(readFileSync(join(both.target, 'past'), 'utf8')).toBe('more than it was');
  },
  60_000,
);

if (isThorough)
  withLoops(
    'a file that is larger than the file system takes is refused before the first byte, unless it is left out',
    async () => {
      oldFileSystem();
      write('small');
      mkdirSync(join(both.source, 'disks'));
      const bytes = 20 * 2 ** 40;
      execFileSync('truncate', ['-s', `${bytes}`, join(both.source, 'disks/huge')]);
      await both.serve();
      const refused = await both.copy();
      expect(refused).toMatchObject({ code: 3, outcome: 'refused' });
      const [, most = ''] = /takes files of (\d+) bytes at most/.exec(refused.message) ?? [];
      expect(refused.message).toContain(`"disks/huge" (${bytes} bytes)`);
      const largest = join(both.target, 'largest');
      execFileSync('truncate', ['-s', most, largest]);
      expect(() =>
        execFileSync('truncate', ['-s', `${Number(most) + 1}`, largest], { stdio: 'ignore' }),
      ).toThrow();
      rmSync(largest);
      expect(readdirSync(both.target)).toEqual(['lost+found']);
      const filters = [{ action: 'exclude', pattern: '/disks/' }];
      const without = { X8S_SELECTION: JSON.stringify({ sourcePath: '', targetPath: '', filters }) };
      expect(await both.copy(without)).toMatchObject({ code: 0, losses: [], stats: { transferredFiles: 1 } });
    },
    60_000,
  );

withShare(
  'links, attributes, ACLs and long names that it does not have are named and counted, and the rest is copied',
  async () => {
    const folder = await share(100);
    const long = 'l'.repeat(101);
    write('plain', { mode: 0o777 });
    write('two');
    linkSync(join(both.source, 'two'), join(both.source, 'names'));
    symlinkSync('plain', join(both.source, 'link'));
    mkdirSync(join(both.source, long));
    writeFileSync(join(both.source, long, 'in it'), '');
    // rsync's name for a file that it is at has seven bytes more.
    write('s'.repeat(93));
    write('acl');
    execFileSync('setfacl', ['-m', 'u:1001:r', join(both.source, 'acl')]);
    execFileSync('setfattr', ['-n', 'user.a', '-v', '1', join(both.source, 'plain')]);
    await both.serve();
    const first = await both.copy();
    expect(first).toMatchObject({ code: 5, outcome: 'partial', failures: [] });
    const found = Object.fromEntries(
      (first.losses ?? []).map(({ kind, count, names }) => [kind, { count, names }]),
    );
    expect(found).toMatchObject({
      symlinks: { count: 1, names: ['link'] },
      hardlinks: { count: 2, names: expect.arrayContaining(['two', 'names']) },
      acls: { count: 1, names: ['acl'] },
      xattrs: { count: 1, names: ['plain'] },
      'long names': { count: 2, names: [long, `${long}/in it`] },
    });
    const notices = noticesOf(first);
    expect(notices).toMatch(/has no symbolic links, and these are left out: 1 of/);
    expect(notices).toMatch(/keeps no ACLs: 1 of/);
    expect(notices).toMatch(/takes names of 100 bytes at most/);
    expect(readdirSync(folder).sort()).toEqual(['acl', 'names', 'plain', 's'.repeat(93), 'two']);
    expect(readFileSync(join(folder, 'names'), 'utf8')).toBe('two');
    expect(await both.copy()).toMatchObject({
      code: 5,
      losses: first.losses,
      failures: [],
      stats: { transferredFiles: 0, extraneous: 0 },
    });
  },
  60_000,
);

if (isThorough)
  withLoops(
    'more files than can be named have such times: they are told by content, and not copied each time',
    async () => {
      oldFileSystem();
      const [many, time] = [1100, 5_000_000_000];
      const names = Array.from({ length: many }, (_, index) => `f${index}`);
      for (const name of names) writeFileSync(join(both.source, name), name);
      execFileSync('touch', ['-d', `@${time}`, ...names], { cwd: both.source });
      await both.serve();
      expect(await both.copy()).toMatchObject({ code: 5, stats: { transferredFiles: many } });
      writeFileSync(join(both.source, 'f7'), 'F7');
      touch(join(both.source, 'f7'), time);
      const again = await both.copy();
      expect(again).toMatchObject({
        code: 5,
        compared: 'content',
        losses: [{ kind: 'times', count: many }],
        stats: { files: many, transferredFiles: 1, extraneous: 0 },
      });
      expect(noticesOf(again)).toMatch(/all files are compared by their content/);
      expect(readFileSync(join(both.target, 'f7'), 'utf8')).toBe('F7');
    },
    120_000,
  );
