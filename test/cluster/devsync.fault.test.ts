/** A sync while the servers between it and its container break. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  ensureUp,
  freezeComponent,
  killComponent,
  reconnect,
  restartComponent,
  startComponent,
  thawComponent,
} from '../lab/index.ts';
import { contextA, isLab } from './support/contexts.ts';
import type { Workplace } from './support/devsync.ts';
import { expectSame } from './support/devsync-sides.ts';
import { workplaces } from './support/workplaces.ts';

const lab = isLab ? describe : describe.skip;
const server = 'kube-apiserver';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

lab('a sync', () => {
  beforeAll(ensureUp);
  // Before the namespace goes: that takes controllers that know of it.
  afterAll(() => reconnect(contextA));
  const { open } = workplaces();

  async function synced(name: string): Promise<Workplace> {
    const work = open();
    await work.sync(name);
    for (let index = 0; index < 50; index++) work.write(`d/${index}`, `${index}`);
    await work.must('flush', name);
    return work;
  }

  /** Writes here until told to stop. */
  async function scribble(it: Workplace, until: () => boolean): Promise<number> {
    let count = 0;
    for (; !until(); count++) {
      it.write(`d/${count % 50}`, `written ${count} ${'x'.repeat((count % 7) * 40_000)}`);
      await pause(20);
    }
    return count;
  }

  test('goes on after its API server was restarted, twice, in the middle of its work', async () => {
    const it = await synced('restarts');
    let done = false;
    const writing = scribble(it, () => done);
    await it.sh(
      'restarts',
      '(for i in $(seq 200); do echo $i >/work/there; sleep 0.05; done) >/dev/null 2>&1 &',
    );
    for (let round = 0; round < 2; round++) {
      await pause(1500);
      await restartComponent(contextA, server);
    }
    done = true;
    expect(await writing).toBeGreaterThan(20);
    await it.reaches('restarts', 'watching');
    await it.must('flush', 'restarts');
    await expectSame(it, 'restarts');
    expect(it.read('there')).toBe('200\n');
  });

  test('comes back by itself after an API server that was away for longer than its lock lasts', async () => {
    const it = await synced('away');
    await killComponent(contextA, server);
    try {
      it.write('d/1', 'while it was away');
      await pause(17_000);
    } finally {
      await startComponent(contextA, server);
    }
    await it.reaches('away', 'watching');
    expect(await it.sh('away', 'cat /work/d/1')).toBe('while it was away');
    await it.must('flush', 'away');
    await expectSame(it, 'away');
    // Its own lost lock is no reason to wait for anybody.
    expect((await it.stop()).stderr).not.toContain('waiting for');
  });

  test('waits for an API server that is frozen for a while, and loses nothing', async () => {
    const it = await synced('frozen');
    freezeComponent(contextA, server);
    try {
      it.write('d/2', 'while it was frozen');
      await pause(6_000);
    } finally {
      thawComponent(contextA, server);
    }
    await it.reaches('frozen', 'watching');
    await it.must('flush', 'frozen');
    await expectSame(it, 'frozen');
  });
});
