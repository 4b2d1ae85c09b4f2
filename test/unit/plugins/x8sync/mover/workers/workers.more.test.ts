/** A mover and workers as processes that share two folders, with the real rsync of this machine. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { descendantsOf } from '../../../../../../plugins/x8sync/mover/system/processes.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { isThorough } from '../../../../../support/thoroughness.ts';
import { type Pair, pair, type WorkerProcess, withPrograms } from '../../../../support/mover-programs.ts';
import { manyKinds, treeOf } from '../../../../support/mover-trees.ts';

let both: Pair;
beforeEach(async () => {
  both = await pair();
});
afterEach(() => both[Symbol.dispose]());

const sh = (script: string): string => execFileSync('bash', ['-euc', script], { encoding: 'utf8' });

const modes = { source: ['ReadWriteMany'], target: ['ReadWriteMany'] };
const longMs = 60_000;

/** Settings of a copy over so many pods: partitions of one file, and slow enough that a worker has its share of them. */
const over = (pods: number, more: object = {}) => ({
  X8S_SOURCE_MOUNTED: '1',
  X8S_PODS: JSON.stringify({ asked: pods, modes, nodes: pods, ...more }),
  X8S_PARALLELISM: String(pods),
  X8S_PARTITION_FILES: '1',
  X8S_BWLIMIT: '12M',
});

const fill = (files: number, size = '2M') =>
  sh(`cd ${both.source}; for i in $(seq ${files}); do head -c ${size} /dev/urandom >file-$i; done`);

/** Whether a process of rsync is at work for a worker. */
const isCopying = ({ child }: WorkerProcess) => descendantsOf(child.pid ?? 0).length > 0;

const whileCopying = (worker: WorkerProcess) =>
  eventually(() => expect(isCopying(worker)).toBe(true), longMs);

function expectWhole(): void {
  expect(existsSync(join(both.target, '.x8sync'))).toBe(false);
  expect(treeOf(both.target)).toBe(treeOf(both.source));
}

withPrograms(
  'two workers copy a part each, of a tree of every kind, and nothing of theirs is left',
  async () => {
    manyKinds(both.source);
    fill(24, '1M');
    const asked = over(3);
    const { ended } = both.start({ ...asked, X8S_PARTITION_FILES: '4' });
    both.work(0, asked);
    both.work(1, asked);
    const end = await ended;
    expect(end).toMatchObject({
      code: 0,
      outcome: 'ok',
      failures: [],
      streams: { parallelism: 3, again: 0 },
    });
    expect(end.streams?.pods).toMatchObject({ copied: 3, asked: 3, why: 'as asked for' });
    expect(end.streams?.pods.files).toBeGreaterThan(4);
    expect(end.stats.transferredFiles).toBe(end.streams?.files);
    expect(end.lines.filter((line) => line.startsWith('x8s:workers'))).toEqual([
      expect.stringMatching(/"count":2/),
    ]);
    expectWhole();
  },
  180_000,
);

if (isThorough)
  withPrograms(
    'a worker that is killed: what it was at is handed out again',
    async () => {
      fill(20);
      const asked = over(2, { goneSeconds: 1 });
      const { ended } = both.start(asked);
      const worker = both.work(0, asked);
      await whileCopying(worker);
      worker.child.kill('SIGKILL');
      const end = await ended;
      expect(end).toMatchObject({ code: 0, outcome: 'ok', failures: [], streams: { partitions: 20 } });
      expect(end.streams?.again).toBeGreaterThan(0);
      expect(end.lines.join('\n')).toMatch(
        /worker 1 .* is gone: it has given no sign for 1 s; what it was at/,
      );
      expectWhole();
    },
    180_000,
  );

if (isThorough)
  withPrograms(
    'a worker that is asked to end says so, and is not waited for until its silence is noticed',
    async () => {
      fill(20);
      const asked = over(2, { goneSeconds: 100_000 });
      const { ended } = both.start(asked);
      const worker = both.work(0, asked);
      await whileCopying(worker);
      worker.child.kill('SIGTERM');
      expect(await worker.ended).toBe(143);
      const end = await ended;
      expect(end).toMatchObject({ code: 0, outcome: 'ok', streams: { partitions: 20, files: 20 } });
      expect(end.lines.join('\n')).toMatch(/worker 1 .* is gone: it was asked to end/);
      expectWhole();
    },
    180_000,
  );

/** Holds a worker and its rsync still, or lets them go on. */
function signalAll({ child }: WorkerProcess, signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of [child.pid ?? 0, ...descendantsOf(child.pid ?? 0)]) process.kill(pid, signal);
}

if (isThorough)
  withPrograms(
    'a worker that stands still is taken for gone; when it goes on, it puts nothing in place that is old by then',
    async () => {
      fill(20);
      const asked = over(2, { goneSeconds: 1 });
      const { ended } = both.start(asked);
      const worker = both.work(0, asked);
      await whileCopying(worker);
      signalAll(worker, 'SIGSTOP');
      const end = await ended;
      expect(end).toMatchObject({ code: 0, outcome: 'ok', failures: [] });
      expect(end.lines.join('\n')).toMatch(/worker 1 .* is gone/);
      expectWhole();
      const before = treeOf(both.target);
      signalAll(worker, 'SIGCONT');
      await eventually(() => expect(isCopying(worker)).toBe(false), longMs);
      expect(treeOf(both.target)).toBe(before);
      expect(readdirSync(both.target).filter((name) => name.startsWith('.'))).toEqual([]);
    },
    180_000,
  );

if (isThorough)
  withPrograms(
    'a mover that is killed and begins anew clears what it left, and its workers take part again',
    async () => {
      fill(24);
      const asked = over(2);
      const { child, ended } = both.start(asked);
      const lost = ended.catch(() => 'no end line');
      const worker = both.work(0, asked);
      await whileCopying(worker);
      child.kill('SIGKILL');
      expect(await lost).toBe('no end line');
      expect(existsSync(join(both.target, '.x8sync/work'))).toBe(true);
      const end = await both.copy(asked);
      expect(end).toMatchObject({ code: 0, outcome: 'ok', failures: [], streams: { pods: { copied: 2 } } });
      expect(end.streams?.pods.files).toBeGreaterThan(0);
      expectWhole();
    },
    180_000,
  );
