/** Files that stay the same files: what is seen of them, and what becomes of them where a write is interrupted. */
import {
  appendFileSync,
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { eventually } from '../../../../../support/eventually.ts';
import { firstOf } from '../../../../../support/thoroughness.ts';
import { type Pair, type PairOptions, syncedPair } from '../../support/pair.ts';

jest.setTimeout(60_000);

const started = (options: PairOptions = {}) => {
  const text = 'first, and longer';
  const write = [{ pattern: '*.live', mode: 'in-place' }] as const;
  return syncedPair({ 'a.live': text, 'a.txt': text }, { write, ...options });
};

const inode = (path: string) => statSync(path).ino;
const marks = ({ metadataFolders }: Pair, side: 'local' | 'container') =>
  existsSync(join(metadataFolders[side], 'in-place'));

test.each(['local', 'container'] as const)('a rule decides what stays the same file: in %s', async (to) => {
  const it = await started();
  const from = to === 'local' ? 'container' : 'local';
  for (const text of ['second', 'third, which is longer again than the others']) {
    // Each time anew: the number of a file that was replaced is free for the next one.
    const before = ['a.live', 'a.txt'].map((name) => inode(join(it[to], name)));
    for (const name of ['a.live', 'a.txt']) writeFileSync(join(it[from], name), text);
    await it.synchronizer.flush();
    for (const name of ['a.live', 'a.txt']) expect(readFileSync(join(it[to], name), 'utf8')).toBe(text);
    expect(inode(join(it[to], 'a.live'))).toBe(before[0]);
    expect(inode(join(it[to], 'a.txt'))).not.toBe(before[1]);
  }
  expect(it.synchronizer.state.problems).toEqual([]);
  // What was overwritten is in the trash, and nothing is left of the way there.
  const trash = join(it.metadataFolders[to], 'trash');
  const kept = readdirSync(trash).map((operation) => readFileSync(join(trash, operation, 'a.live'), 'utf8'));
  expect(kept).toEqual(['first, and longer', 'second']);
  expect(marks(it, to)).toBe(false);
});

test('another name of a file that was written in place is looked at: it has changed as well', async () => {
  const it = await started();
  linkSync(join(it.local, 'a.live'), join(it.local, 'b.live'));
  await it.synchronizer.flush();
  writeFileSync(join(it.container, 'a.live'), 'from there');
  await eventually(() => expect(readFileSync(join(it.container, 'b.live'), 'utf8')).toBe('from there'));
  expect(it.synchronizer.state.conflicts).toEqual([]);
});

test('what a program has written to it meanwhile is not overwritten', async () => {
  const it = await started();
  await it.synchronizer.pause();
  writeFileSync(join(it.local, 'a.live'), 'here');
  appendFileSync(join(it.container, 'a.live'), ', there');
  await it.synchronizer.resume(false);
  expect(readFileSync(join(it.container, 'a.live'), 'utf8')).toBe('first, and longer, there');
  expect(it.synchronizer.state.conflicts).toHaveLength(1);
});

/** Resolves when the file begins with that byte. */
async function begins(path: string, byte: string): Promise<void> {
  const fd = openSync(path, 'r');
  const head = Buffer.alloc(1);
  try {
    do {
      await setImmediate();
      readSync(fd, head, 0, 1, 0);
    } while (head.toString() !== byte);
  } finally {
    closeSync(fd);
  }
}

const big = (byte: string, mega: number) => Buffer.alloc(mega * 1e6, byte);

/** A pair whose agent was killed while `big.live` became `n` where it was `o`: it is half of each. */
async function interrupted(mega: number): Promise<{ it: Pair; path: string; inode: number }> {
  const it = await started();
  const path = join(it.container, 'big.live');
  for (;;) {
    writeFileSync(join(it.local, 'big.live'), big('o', 6));
    await it.synchronizer.flush();
    const was = inode(path);
    writeFileSync(join(it.local, 'big.live'), big('n', mega));
    await begins(path, 'n');
    it.process?.kill('SIGKILL');
    await it.stop();
    if (readFileSync(path).includes('o')) return { it, path, inode: was };
    // It was quicker.
    await it.start();
  }
}

test.each(firstOf([4, 8]))(
  'an agent that dies while it makes 6 MB %i MB leaves no half file that would be taken for an edit',
  async (mega) => {
    const { it, path, inode: before } = await interrupted(mega);
    const marked = readdirSync(join(it.metadataFolders.container, 'in-place'));
    expect(marked.filter((name) => name.endsWith('.json'))).toHaveLength(1);
    await it.start();
    const { conflicts, problems, received } = await it.synchronizer.flush();
    expect({ conflicts, problems, received }).toEqual({ conflicts: [], problems: [], received: 0 });
    for (const side of [it.local, it.container])
      expect(readFileSync(join(side, 'big.live')).equals(big('n', mega))).toBe(true);
    expect(inode(path)).toBe(before);
    expect(marks(it, 'container')).toBe(false);
  },
);

test('what a person has made of a half file is an edit', async () => {
  const { it, path } = await interrupted(6);
  writeFileSync(path, 'mine');
  await it.start();
  await it.synchronizer.flush();
  expect(readFileSync(path, 'utf8')).toBe('mine');
  expect(it.synchronizer.state.conflicts.map((one) => one.path)).toEqual(['big.live']);
  expect(marks(it, 'container')).toBe(false);
});

test('files keep their times where that is asked for, however they are written', async () => {
  const it = await started({ scan: { permissions: 'portable', symlinks: 'portable', times: 'kept' } });
  const old = new Date('2020-02-02T02:02:02Z');
  for (const [from, to] of [
    [it.local, it.container],
    [it.container, it.local],
  ] as const) {
    await it.synchronizer.pause();
    for (const name of ['a.live', 'a.txt', 'new']) {
      writeFileSync(join(from, name), `from ${from}`);
      utimesSync(join(from, name), old, old);
    }
    await it.synchronizer.resume(false);
    for (const name of ['a.live', 'a.txt', 'new']) {
      expect(readFileSync(join(to, name), 'utf8')).toBe(`from ${from}`);
      expect(statSync(join(to, name)).mtime).toEqual(old);
    }
    old.setMinutes(30);
  }
});
