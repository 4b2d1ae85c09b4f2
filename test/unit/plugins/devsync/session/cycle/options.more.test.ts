/** What a sync can be told, and what it must bear, between two real directories with a real agent. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { eventually } from '../../../../../support/eventually.ts';
import { isThorough } from '../../../../../support/thoroughness.ts';
import { openPair, type Pair, type PairOptions, syncedPair } from '../../support/pair.ts';

jest.setTimeout(60_000);

/** Both sides with `file`, which they agree on. */
const agreed = (options?: PairOptions) => syncedPair({ file: 'agreed' }, options);

const read = (root: string, path: string) => readFileSync(join(root, path), 'utf8');

describe('modes', () => {
  async function afterBothChanged(mode: 'two-way-resolved' | 'one-way-safe' | 'one-way-replica') {
    const it = await agreed({ sync: { mode } });
    writeFileSync(join(it.local, 'file'), 'here');
    writeFileSync(join(it.container, 'file'), 'there, and longer');
    writeFileSync(join(it.container, 'own'), 'made there');
    await it.synchronizer.flush();
    return it;
  }

  test('two-way-resolved: this side wins, what it overwrote lies in its trash, and the rest goes both ways', async () => {
    const { local, container, metadataFolders, synchronizer } = await afterBothChanged('two-way-resolved');
    expect(synchronizer.state.conflicts).toEqual([]);
    expect([read(container, 'file'), read(local, 'own')]).toEqual(['here', 'made there']);
    const trash = join(metadataFolders.local, 'trash');
    const [operation = ''] = readdirSync(trash).filter((name) => name.endsWith('-container'));
    expect(read(join(trash, operation), 'file')).toBe('there, and longer');
  });

  test('one-way-safe: what the container changed or made is left, and a conflict where both did', async () => {
    const { local, container, synchronizer } = await afterBothChanged('one-way-safe');
    expect(synchronizer.state.conflicts).toEqual([expect.objectContaining({ path: 'file' })]);
    expect([read(container, 'file'), read(container, 'own')]).toEqual(['there, and longer', 'made there']);
    expect(existsSync(join(local, 'own'))).toBe(false);
  });

  test('one-way-replica: the container is as this side is, and its own is in the trash', async () => {
    const { container, metadataFolders, synchronizer } = await afterBothChanged('one-way-replica');
    expect(synchronizer.state.conflicts).toEqual([]);
    expect(read(container, 'file')).toBe('here');
    expect(existsSync(join(container, 'own'))).toBe(false);
    const trash = join(metadataFolders.local, 'trash');
    const [operation = ''] = readdirSync(trash).filter((name) => name.endsWith('-container'));
    expect(readdirSync(join(trash, operation)).sort()).toEqual(['file', 'own']);
  });

  /** Files that both have, and the log lines about what was done, once this was done to both sides at once. */
  async function toldAfter(work: (pair: Pair) => void, sync: NonNullable<PairOptions['sync']>) {
    const lines: string[] = [];
    const files = { file: 'agreed', deep: 'agreed', gone: 'agreed' };
    const it = await syncedPair(files, { sync: { ...sync, onNotice: (line) => lines.push(line) } });
    await it.synchronizer.pause();
    lines.length = 0;
    work(it);
    await it.synchronizer.resume(false);
    return { it, lines };
  }

  test.each(['two-way-resolved', 'one-way-replica'] as const)(
    '%s: it is told what was put right there, and not what merely followed',
    async (mode) => {
      const work = ({ local, container }: Pair) => {
        writeFileSync(join(local, 'deep'), 'here');
        writeFileSync(join(local, 'new'), 'here');
        writeFileSync(join(local, 'file'), 'here');
        writeFileSync(join(container, 'file'), 'there, and longer');
      };
      const { it, lines } = await toldAfter(work, { mode });
      expect([read(it.container, 'file'), read(it.container, 'deep')]).toEqual(['here', 'here']);
      expect(lines).toEqual(['put right in the container: 1 file (file); restore lists what was there']);
    },
  );

  test('one-way-replica: what was made, changed and deleted there is told in one line', async () => {
    const work = ({ container }: Pair) => {
      mkdirSync(join(container, 'dir'));
      writeFileSync(join(container, 'dir', 'own'), 'made there');
      writeFileSync(join(container, 'file'), 'there, and longer');
      rmSync(join(container, 'gone'));
    };
    const { lines } = await toldAfter(work, { mode: 'one-way-replica' });
    expect(lines).toEqual([
      'put right in the container: 3 files (file, gone, dir/own); restore lists what was there',
    ]);
  });

  test('one-way-replica: a large file that was put right beside the reconciliations is told, too', async () => {
    const lines: string[] = [];
    const onNotice = (line: string) => lines.push(line);
    const large = { file: 'x'.repeat(2 << 20) };
    const it = await syncedPair(large, { sync: { mode: 'one-way-replica', onNotice } });
    it.save('container', 'file', 'there');
    await eventually(() =>
      expect(lines).toEqual(['put right in the container: 1 file (file); restore lists what was there']),
    );
  });

  describe('from the container', () => {
    async function afterBothChangedFromThere(mode: 'two-way-resolved' | 'one-way-safe' | 'one-way-replica') {
      const it = await agreed({ sync: { mode, from: 'container' } });
      writeFileSync(join(it.local, 'file'), 'here');
      writeFileSync(join(it.container, 'file'), 'there, and longer');
      writeFileSync(join(it.local, 'own'), 'made here');
      writeFileSync(join(it.container, 'theirs'), 'made there');
      await it.synchronizer.flush();
      return it;
    }

    const inTrash = ({ metadataFolders }: Pair) => {
      const trash = join(metadataFolders.local, 'trash');
      return readdirSync(trash).flatMap((operation) => readdirSync(join(trash, operation)));
    };

    test('two-way-resolved: the container wins, what it overwrote lies in the trash here', async () => {
      const it = await afterBothChangedFromThere('two-way-resolved');
      const { local, container, synchronizer } = it;
      expect(synchronizer.state.conflicts).toEqual([]);
      expect([read(local, 'file'), read(container, 'own')]).toEqual(['there, and longer', 'made here']);
      expect(inTrash(it)).toEqual(['file']);
    });

    test('one-way-replica: it is told what was put right here', async () => {
      const work = ({ local }: Pair) => writeFileSync(join(local, 'own'), 'made here');
      const { it, lines } = await toldAfter(work, { mode: 'one-way-replica', from: 'container' });
      expect(existsSync(join(it.local, 'own'))).toBe(false);
      expect(lines).toEqual(['put right here: 1 file (own); restore lists what was there']);
    });

    test('one-way-safe: nothing goes there, and what was changed or made here is left', async () => {
      const { local, container, synchronizer } = await afterBothChangedFromThere('one-way-safe');
      expect(synchronizer.state.conflicts).toEqual([expect.objectContaining({ path: 'file' })]);
      expect([read(local, 'file'), read(local, 'own'), read(local, 'theirs')]).toEqual([
        'here',
        'made here',
        'made there',
      ]);
      expect([read(container, 'file'), existsSync(join(container, 'own'))]).toEqual([
        'there, and longer',
        false,
      ]);
    });

    test('one-way-replica: this side is as the container is, and its own is in the trash', async () => {
      const it = await afterBothChangedFromThere('one-way-replica');
      const { local, container, synchronizer } = it;
      expect(synchronizer.state.conflicts).toEqual([]);
      expect(readdirSync(local).sort()).toEqual(['file', 'theirs']);
      expect([read(local, 'file'), existsSync(join(container, 'own'))]).toEqual(['there, and longer', false]);
      expect(inTrash(it)).toEqual(expect.arrayContaining(['file', 'own']));
    });
  });

  test('.git comes from the container where a person says so', async () => {
    const it = await agreed({ sync: { takeGit: true } });
    mkdirSync(join(it.container, '.git', 'hooks'), { recursive: true });
    writeFileSync(join(it.container, '.git', 'hooks', 'post-checkout'), 'asked for');
    await it.synchronizer.flush();
    expect(read(it.local, '.git/hooks/post-checkout')).toBe('asked for');
  });
});

describe('permissions and links', () => {
  const modeOf = (root: string, path: string) => lstatSync(join(root, path)).mode & 0o777;

  test('kept: all permission bits travel, of files and directories', async () => {
    const { local, container, synchronizer } = await agreed({
      scan: { permissions: 'kept', symlinks: 'portable' },
    });
    mkdirSync(join(local, 'dir'));
    writeFileSync(join(local, 'dir', 'in'), 'x');
    for (const [path, mode] of [
      ['file', 0o640] as const,
      ['dir', 0o750] as const,
      ['dir/in', 0o604] as const,
    ])
      chmodSync(join(local, path), mode);
    await synchronizer.flush();
    expect(['file', 'dir', 'dir/in'].map((path) => modeOf(container, path))).toEqual([0o640, 0o750, 0o604]);
    chmodSync(join(container, 'file'), 0o600);
    await synchronizer.flush();
    expect(modeOf(local, 'file')).toBe(0o600);
  });

  test('portable: only the executable bit travels', async () => {
    const { local, container, synchronizer } = await agreed();
    chmodSync(join(local, 'file'), 0o700);
    await synchronizer.flush();
    expect(modeOf(container, 'file') & 0o111).toBe(0o111);
    expect(modeOf(container, 'file') & 0o600).toBe(0o600);
  });

  test('raw: links go as they are, also those that lead out', async () => {
    const { local, container, synchronizer } = await agreed({
      scan: { permissions: 'portable', symlinks: 'raw' },
    });
    symlinkSync('/etc/hostname', join(local, 'absolute'));
    symlinkSync('../../up', join(local, 'up'));
    await synchronizer.flush();
    expect(['absolute', 'up'].map((name) => readlinkSync(join(container, name)))).toEqual([
      '/etc/hostname',
      '../../up',
    ]);
  });

  test('ignored: links stay where they are; portable: those that lead out are a problem that is said', async () => {
    const it = await agreed({ scan: { permissions: 'portable', symlinks: 'ignored' } });
    symlinkSync('file', join(it.local, 'link'));
    const state = await it.synchronizer.flush();
    expect([existsSync(join(it.container, 'link')), state.problems]).toEqual([false, []]);
    await it.remove();
    const portable = await agreed();
    symlinkSync('file', join(portable.local, 'link'));
    symlinkSync('/etc/hostname', join(portable.local, 'absolute'));
    const { problems } = await portable.synchronizer.flush();
    expect(readlinkSync(join(portable.container, 'link'))).toBe('file');
    expect(problems).toEqual([expect.objectContaining({ path: 'absolute' })]);
  });

  (process.getuid?.() === 0 ? test : test.skip)(
    'a file that is replaced keeps its owner, group and mode; a new one takes those of its directory',
    async () => {
      const { local, container, synchronizer } = await agreed();
      chownSync(join(container, 'file'), 1234, 5678);
      chmodSync(join(container, 'file'), 0o640);
      mkdirSync(join(container, 'theirs'));
      chownSync(join(container, 'theirs'), 1234, 5678);
      await synchronizer.flush();
      writeFileSync(join(local, 'file'), 'edited');
      writeFileSync(join(local, 'theirs', 'new'), 'new');
      await synchronizer.flush();
      const ownerOf = (path: string) => {
        const { uid, gid } = lstatSync(join(container, path));
        return [uid, gid];
      };
      expect(read(container, 'file')).toBe('edited');
      expect([ownerOf('file'), modeOf(container, 'file')]).toEqual([[1234, 5678], 0o640]);
      expect(ownerOf('theirs/new')).toEqual([1234, 5678]);
    },
  );
});

test("a worktree's index.lock, which lies elsewhere, holds changes back until it goes", async () => {
  const pair = openPair();
  const git = join(pair.base, 'main', '.git', 'worktrees', 'local');
  mkdirSync(git, { recursive: true });
  writeFileSync(join(pair.local, '.git'), `gitdir: ${git}\n`);
  await pair.start();
  await pair.synchronizer.flush();
  writeFileSync(join(git, 'index.lock'), '');
  writeFileSync(join(pair.local, 'switched'), 'half a branch');
  await pair.heldByGit();
  expect(existsSync(join(pair.container, 'switched'))).toBe(false);
  rmSync(join(git, 'index.lock'));
  const { container } = pair;
  await eventually(() => expect(existsSync(join(container, 'switched'))).toBe(true));
});

if (isThorough)
  test('a file of 96 MiB goes through in bounded memory', async () => {
    const { local, container, synchronizer, process: agent } = await agreed();
    const block = Buffer.alloc(1 << 20, 'a block of one mebibyte ');
    for (let index = 0; index < 96; index++) {
      block.writeUInt32BE(index);
      writeFileSync(join(local, 'large'), block, { flag: 'a' });
    }
    await synchronizer.flush();
    expect(readFileSync(join(container, 'large')).equals(readFileSync(join(local, 'large')))).toBe(true);
    if (process.platform !== 'linux') return;
    const [, peakKiB = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${agent?.pid}/status`, 'utf8')) ?? [];
    expect(Number(peakKiB) / 1024).toBeLessThan(160);
  });

if (isThorough)
  test('more changes at once than the system tells of are seen all the same', async () => {
    // In memory, where there is such a place: so many writes take a busy disk minutes.
    const memory = '/dev/shm';
    const { local, container } = await agreed(existsSync(memory) ? { base: memory } : {});
    const changing = ['even', 'odd'].map((name) => join(local, 'many', name));
    mkdirSync(join(local, 'many'));
    for (const file of changing) writeFileSync(file, '');
    await eventually(() => expect(readdirSync(join(container, 'many'))).toEqual(['even', 'odd']));
    // Nobody takes an event while this goes on, and the system adds none that is like the last one.
    for (let index = 0; index < eventsKept(); index++) writeFileSync(changing[index % 2] ?? '', `${index}`);
    for (let index = 0; index < 300; index++) writeFileSync(join(local, 'many', `${index}`), `${index}`);
    await eventually(() => expect(readdirSync(join(container, 'many'))).toHaveLength(302));
    expect(read(container, 'many/299')).toBe('299');
  });

/** How many events the system keeps for who does not take them; what comes after them is lost without a word. */
function eventsKept(): number {
  const limit = '/proc/sys/fs/inotify/max_queued_events';
  return existsSync(limit) ? Number(readFileSync(limit, 'utf8')) : 16_384;
}
