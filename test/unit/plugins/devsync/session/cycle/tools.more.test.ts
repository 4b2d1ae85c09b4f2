/** Real tools at work on one side, and a disk that is full. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { eventually } from '../../../../../support/eventually.ts';
import { firstOf, isThorough } from '../../../../../support/thoroughness.ts';
import { openPair, type Pair } from '../../support/pair.ts';

// Real processes on a machine that may be busy.
jest.setTimeout(90_000);

const same = (one: Pair) =>
  execFileSync('diff', ['-r', '-x', '.x8s-devsync', '-x', '.git', one.local, one.container], {
    encoding: 'utf8',
  });

describe('git', () => {
  test('switches branches back and forth, and each arrives as one batch', async () => {
    const pair = openPair({ ignores: { lists: [], vcs: true } });
    const { local, container } = pair;
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', local, '-c', 'user.name=t', '-c', 'user.email=t@invalid', ...args]);
    git('init', '-q', '-b', 'one');
    for (let index = 0; index < 300; index++) {
      mkdirSync(join(local, `d${index % 10}`), { recursive: true });
      writeFileSync(join(local, `d${index % 10}`, `f${index}`), `one ${index}`);
    }
    git('add', '.');
    git('commit', '-qm', 'one');
    git('checkout', '-q', '-b', 'two');
    for (let index = 0; index < 200; index++)
      writeFileSync(join(local, `d${index % 10}`, `f${index}`), `two ${index}`);
    rmSync(join(local, 'd9'), { recursive: true });
    mkdirSync(join(local, 'new'));
    writeFileSync(join(local, 'new/file'), 'new');
    git('add', '-A');
    git('commit', '-qm', 'two');
    await pair.start();
    await pair.synchronizer.flush();
    for (const branch of firstOf(['one', 'two', 'one'], 2)) {
      git('checkout', '-q', branch);
      await eventually(() => expect(existsSync(join(container, 'new')) === (branch === 'two')).toBe(true));
      await pair.synchronizer.flush();
      expect(same(pair)).toBe('');
      expect(readFileSync(join(container, 'd0/f0'), 'utf8')).toBe(`${branch} 0`);
    }
    expect(existsSync(join(container, '.git'))).toBe(false);
    expect(pair.synchronizer.state.conflicts).toEqual([]);
  }, 60_000);

  test('holds its lock, and nothing moves until it lets go', async () => {
    const pair = openPair({ ignores: { lists: [], vcs: true } });
    execFileSync('git', ['-C', pair.local, 'init', '-q']);
    await pair.start();
    await pair.synchronizer.flush();
    writeFileSync(join(pair.local, '.git/index.lock'), '');
    writeFileSync(join(pair.local, 'half'), 'done');
    await pair.heldByGit();
    expect(existsSync(join(pair.container, 'half'))).toBe(false);
    rmSync(join(pair.local, '.git/index.lock'));
    const { container } = pair;
    await eventually(() => expect(existsSync(join(container, 'half'))).toBe(true));
  }, 30_000);
});

describe('editors', () => {
  test.each<[string, (path: string, text: string) => void]>([
    ['write in place', (path, text) => writeFileSync(path, text)],
    [
      'vim: the old one becomes a backup, the new one is written, the backup goes',
      (path, text) => {
        renameSync(path, `${path}~`);
        writeFileSync(path, text);
        rmSync(`${path}~`);
      },
    ],
    [
      'temp and rename',
      (path, text) => {
        writeFileSync(`${path}.tmp`, text);
        renameSync(`${path}.tmp`, path);
      },
    ],
    [
      'delete and create',
      (path, text) => {
        rmSync(path);
        writeFileSync(path, text);
      },
    ],
  ])(
    'save: %s',
    async (_, save) => {
      const pair = openPair();
      const [here, there] = [join(pair.local, 'f'), join(pair.container, 'f')];
      writeFileSync(here, 'first');
      await pair.start();
      await eventually(() => expect(existsSync(there)).toBe(true));
      for (let count = 0; count < 5; count++) {
        save(here, `version ${count}`);
        await eventually(() => expect(readFileSync(there, 'utf8')).toBe(`version ${count}`));
      }
      await pair.synchronizer.flush();
      expect(readdirSync(pair.container).sort()).toEqual(['f']);
      expect(pair.synchronizer.state.conflicts).toEqual([]);
    },
    60_000,
  );
});

const canMount = process.platform === 'linux' && process.getuid?.() === 0;
(canMount ? test : test.skip)(
  'a full disk loses nothing, and is worked off when there is room',
  async () => {
    const base = mkdtempSync(join(tmpdir(), 'full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', base]);
    const pair = openPair({ base });
    try {
      const outer = mkdtempSync(join(tmpdir(), 'roomy-'));
      // Only the container is on the small disk.
      const local = join(outer, 'local');
      mkdirSync(local);
      Object.assign(pair, { local });
      writeFileSync(join(pair.container, 'filler'), Buffer.alloc(1_500_000, 1));
      for (let index = 0; index < 20; index++)
        writeFileSync(join(local, `f${index}`), Buffer.alloc(100_000, index));
      await pair.start();
      const { synchronizer } = pair;
      await eventually(() => expect(synchronizer.state.problems.length > 0).toBe(true));
      expect(synchronizer.state.problems).toContainEqual(
        expect.objectContaining({ side: 'container', problem: 'no space left' }),
      );
      for (let index = 0; index < 20; index++) expect(existsSync(join(local, `f${index}`))).toBe(true);
      execFileSync('mount', ['-o', 'remount,size=16m', base]);
      const files = () => readdirSync(pair.container).filter((name) => name.startsWith('f'));
      await eventually(() => expect(files()).toHaveLength(21));
      await synchronizer.flush();
      expect(same(pair)).toBe('');
      await pair.stop();
      rmSync(outer, { recursive: true });
    } finally {
      await pair.stop().catch(() => {});
      execFileSync('umount', ['-l', base]);
    }
  },
  90_000,
);

if (isThorough)
  (canMount ? test : test.skip)(
    'a large file for which there is no room is a problem for as long as that is so, and is no file that changes all the time',
    async () => {
      const base = mkdtempSync(join(tmpdir(), 'full-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'none', base]);
      const pair = openPair({ base });
      const outer = mkdtempSync(join(tmpdir(), 'roomy-'));
      try {
        const local = join(outer, 'local');
        mkdirSync(local);
        Object.assign(pair, { local });
        writeFileSync(join(local, 'large'), Buffer.alloc(4 << 20, 1));
        await pair.start();
        const { synchronizer } = pair;
        await synchronizer.flush();
        writeFileSync(join(base, 'filler'), Buffer.alloc(11 << 20));
        const began = pair.states.length;
        const save = new Date().toISOString();
        writeFileSync(join(local, 'large'), Buffer.alloc(4 << 20, 2));
        // Tried several times: at once, after a second, after two.
        const attempts = () =>
          pair.states
            .slice(began)
            .filter(({ phase }, index, all) => phase === 'syncing' && all[index - 1]?.phase !== 'syncing');
        await eventually(() => expect(attempts().length).toBeGreaterThanOrEqual(4));
        await synchronizer.flush();
        const told = pair.states.slice(began);
        const problem = { path: 'large', side: 'container', problem: 'no space left' };
        expect(synchronizer.state.problems).toContainEqual(expect.objectContaining(problem));
        const first = told.findIndex(({ problems }) => problems.length > 0);
        const settled = told.slice(first).filter(({ phase }) => phase === 'watching');
        expect(settled.filter(({ problems }) => problems.length === 0)).toEqual([]);
        expect(told.filter(({ message }) => message.includes('changes all the time'))).toEqual([]);
        rmSync(join(base, 'filler'));
        await eventually(() => expect(same(pair)).toBe(''));
        await eventually(() => expect(synchronizer.state).toMatchObject({ phase: 'watching', problems: [] }));
        expect((synchronizer.state.lastChange ?? '') > save).toBe(true);
        await pair.stop();
      } finally {
        await pair.stop().catch(() => {});
        execFileSync('umount', ['-l', base]);
        rmSync(outer, { recursive: true });
      }
    },
    90_000,
  );
