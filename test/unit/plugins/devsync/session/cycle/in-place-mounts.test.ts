/** Files in place where the disk is full, and where a file is mounted alone: the agent has mounts of its own. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { openPair, type Pair, type PairOptions } from '../../support/pair.ts';

jest.setTimeout(60_000);

/** Starts a pair whose agent runs after a command that mounts something; `$1` is the container's directory. */
async function started(mount: string, options: PairOptions = {}): Promise<Pair> {
  const within = (container: string) => [
    ...['unshare', '-Urm', 'sh', '-ec', `${mount}; shift; exec "$@"`],
    ...['sh', container],
  ];
  const pair = openPair({ ...options, within });
  for (const name of ['alone', 'alone.kept', 'protected']) writeFileSync(join(pair.base, name), name);
  for (const name of ['alone', 'protected']) writeFileSync(join(pair.container, name), '');
  await pair.start();
  await pair.synchronizer.flush();
  return pair;
}

/** A path as the agent sees it. */
const seenBy = ({ process: agent, container }: Pair, name: string) =>
  `/proc/${agent?.pid}/root${join(container, name)}`;

/** Runs a command with the agent's mounts. */
function among({ process: agent }: Pair, ...command: string[]): void {
  execFileSync('nsenter', ['-t', `${agent?.pid}`, '-U', '-m', '--preserve-credentials', ...command]);
}

test('a disk that fills up leaves the file as it was, and what was under way goes on when there is room', async () => {
  const it = await started('mount -t tmpfs -o size=15m none "$1"', {
    write: [{ pattern: '*', mode: 'in-place' }],
  });
  const [old, wanted] = [Buffer.alloc(4 << 20, 'o'), Buffer.alloc(6 << 20, 'n')];
  writeFileSync(join(it.local, 'file'), old);
  await it.synchronizer.flush();
  const before = statSync(seenBy(it, 'file')).ino;
  writeFileSync(join(it.local, 'file'), wanted);
  const full = await it.synchronizer.flush();
  expect(full.problems.map(({ path, problem }) => [path, problem])).toEqual([['file', 'no space left']]);
  expect(readFileSync(seenBy(it, 'file')).equals(old)).toBe(true);
  expect((await it.remote.trash()).items).toEqual([]);
  among(it, 'mount', '-o', 'remount,size=40m', it.container);
  const { problems } = await it.synchronizer.flush();
  expect(problems).toEqual([]);
  expect(readFileSync(seenBy(it, 'file')).equals(wanted)).toBe(true);
  expect(statSync(seenBy(it, 'file')).ino).toBe(before);
  expect(readFileSync(join(it.local, 'file')).equals(wanted)).toBe(true);
});

const aloneAndProtected = `mount --bind "$1/../alone" "$1/alone"
mount --bind "$1/../protected" "$1/protected"
mount -o remount,bind,ro "$1/protected"`;

test('a file that is mounted alone stays mounted, and one that is read-only is left alone', async () => {
  const it = await started(aloneAndProtected);
  writeFileSync(join(it.local, 'another'), '');
  expect(readFileSync(join(it.local, 'alone'), 'utf8')).toBe('alone');
  const { skipped } = it.synchronizer.state;
  expect(skipped.map(({ path, problem }) => [path, problem])).toEqual([['protected', 'another mount']]);
  writeFileSync(join(it.local, 'alone'), 'from here');
  await it.synchronizer.flush();
  expect(readFileSync(join(it.base, 'alone'), 'utf8')).toBe('from here');
  expect(readFileSync(seenBy(it, 'alone'), 'utf8')).toBe('from here');
  const { items } = await it.remote.trash();
  expect(items.map(({ path }) => path)).toEqual(['alone']);
  // Taking it away would take the mount away.
  execFileSync('rm', [join(it.local, 'alone')]);
  const { problems } = await it.synchronizer.flush();
  expect(problems).toEqual([
    expect.objectContaining({ path: 'alone', problem: expect.stringContaining('is mounted there') }),
  ]);
  expect(readFileSync(seenBy(it, 'alone'), 'utf8')).toBe('from here');
});

test('a file that is found to be mounted alone when it is to be replaced is written in place', async () => {
  const it = await started('true');
  writeFileSync(join(it.local, 'alone'), 'alone');
  await it.synchronizer.flush();
  among(it, 'mount', '--bind', join(it.base, 'alone.kept'), join(it.container, 'alone'));
  writeFileSync(join(it.base, 'alone.kept'), 'alone');
  writeFileSync(join(it.local, 'alone'), 'from here');
  await it.synchronizer.flush();
  expect(readFileSync(join(it.base, 'alone.kept'), 'utf8')).toBe('from here');
  expect(it.synchronizer.state.problems).toEqual([]);
});
