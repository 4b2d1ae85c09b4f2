/** Targets that can't keep what they are given, on real file systems: what is lost is named and counted, and no more. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Pair, pair, withPrograms } from '../../../support/mover-programs.ts';

let both: Pair;
const mounts: string[] = [];
const programs: ChildProcess[] = [];
beforeEach(async () => {
  both = await pair();
});
afterEach(() => {
  for (const path of mounts.splice(0)) execFileSync('umount', ['--lazy', path]);
  for (const program of programs.splice(0)) program.kill();
  both[Symbol.dispose]();
});

const can = (...paths: readonly string[]) => paths.every((path) => existsSync(path));
const withFuse = can('/dev/fuse', '/usr/bin/bindfs') || process.env.CI ? withPrograms : test.skip;
const withShare =
  can('/dev/fuse', '/usr/lib/python3/dist-packages/fusepy.py') || process.env.CI ? withPrograms : test.skip;
const withLoops =
  can('/dev/loop-control', '/usr/sbin/mkfs.ext4') || process.env.CI ? withPrograms : test.skip;

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
async function share(): Promise<string> {
  const folder = behind();
  const script = join(import.meta.dirname, '../../../support/filesystems/caseless.py');
  programs.push(spawn('/usr/bin/python3', [script, folder, both.target], { stdio: 'inherit' }));
  const { dev } = statSync(both.target);
  for (let tries = 0; tries < 200 && statSync(both.target).dev === dev; tries += 1) await sleep(50);
  mounts.push(both.target);
  return folder;
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

/** What is shown while the copy begins. */
const noticesOf = ({ lines }: { readonly lines: readonly string[] }): string =>
  lines.flatMap((line) => (line.startsWith('x8s:notice ') ? [line] : [])).join('\n');

const facts = (name: string) => {
  const { mode, uid, mtimeMs } = statSync(join(both.target, name));
  return { mode: mode & 0o7777, uid, time: mtimeMs / 1000 };
};

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
    expect(await both.copy()).toMatchObject({ code: 5, lost: ['ownership'], stats: { transferredFiles: 0 } });
  },
  60_000,
);

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
    expect(ended.losses?.find(({ kind }) => kind === 'ownership')).toMatchObject({ count: 1, names: ['a'] });
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
    const rehearsal = await both.copy({ X8S_MODE: 'dry-run', X8S_ON_COLLISION: 'skip' });
    expect(rehearsal).toMatchObject({
      code: 0,
      stats: { transferredFiles: 0 },
      losses: [{ kind: 'names', count: 2, names: expect.arrayContaining(['file', 'dir']) }],
    });
    expect(noticesOf(rehearsal)).toMatch(/does not tell some names apart, and these are skipped: 2/);
  },
  60_000,
);

withLoops(
  'times that the file system can not keep are named, and not copied each time',
  async () => {
    const image = join(both.stage.root, 'image');
    execFileSync('truncate', ['-s', '32M', image]);
    execFileSync('mkfs.ext4', ['-q', '-I', '128', image]);
    execFileSync('mount', ['-o', 'loop', image, both.target]);
    mounts.push(both.target);
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
