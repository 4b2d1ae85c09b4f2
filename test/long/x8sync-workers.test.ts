/** More of a mover and workers as processes that share two folders: workers that come late or never, or are of somebody else, and what an earlier run has left. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { descendantsOf } from '../../plugins/x8sync/mover/system/processes.ts';
import { eventually, eventuallySees } from '../support/eventually.ts';
import { type Pair, pair, type WorkerProcess, withPrograms } from '../unit/support/mover-programs.ts';
import { treeOf } from '../unit/support/mover-trees.ts';

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
  'a worker that never comes is not waited for',
  async () => {
    fill(6);
    const end = await both.copy(over(2));
    expect(end).toMatchObject({ code: 0, outcome: 'ok', streams: { partitions: 6, files: 6, again: 0 } });
    expect(end.streams?.pods).toMatchObject({ copied: 1, asked: 2, files: 0 });
    expectWhole();
  },
  180_000,
);

/** Holds a worker and its rsync still, or lets them go on. */
function signalAll({ child }: WorkerProcess, signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of [child.pid ?? 0, ...descendantsOf(child.pid ?? 0)]) process.kill(pid, signal);
}

withPrograms(
  'a worker that stood still for a while takes part again',
  async () => {
    fill(40);
    const asked = { ...over(2, { goneSeconds: 1 }), X8S_BWLIMIT: '8M' };
    const { child, ended } = both.start(asked);
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += String(chunk);
    });
    const worker = both.work(0, asked);
    await whileCopying(worker);
    signalAll(worker, 'SIGSTOP');
    await eventuallySees(
      () => said,
      (text) => text.includes('is gone'),
      longMs,
    );
    signalAll(worker, 'SIGCONT');
    const end = await ended;
    expect(end).toMatchObject({ code: 0, outcome: 'ok', failures: [] });
    expect(said.match(/takes part/g)).toHaveLength(2);
    expectWhole();
  },
  180_000,
);

withPrograms(
  'a copy that goes on without pods clears what workers of an earlier run have left',
  async () => {
    fill(12);
    const asked = over(2);
    const { child, ended } = both.start(asked);
    const lost = ended.catch(() => 'no end line');
    const worker = both.work(0, asked);
    await whileCopying(worker);
    for (const one of [child, worker.child]) one.kill('SIGKILL');
    await lost;
    expect(await both.copy({ X8S_SOURCE_MOUNTED: '1' })).toMatchObject({ code: 0, outcome: 'ok' });
    expectWhole();
  },
  180_000,
);

withPrograms(
  'workers of another Job, and of another protocol, copy nothing',
  async () => {
    fill(8);
    const asked = over(3);
    const { ended } = both.start(asked);
    both.work(0, { ...asked, X8S_NONCE: 'another' });
    const foreign = both.work(1, { ...asked, X8S_PROTOCOL: '1' });
    expect(await foreign.ended).toBe(3);
    expect(foreign.said()).toMatch(/use the image and the plugin of one version/);
    const end = await ended;
    expect(end).toMatchObject({ code: 0, streams: { pods: { copied: 1, asked: 3, files: 0 } } });
    expectWhole();
  },
  180_000,
);
