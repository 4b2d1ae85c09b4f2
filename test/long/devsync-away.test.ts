/** A sync whose API server is away for a while, or frozen. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { contextA, isLab } from '../cluster/support/contexts.ts';
import type { Workplace } from '../cluster/support/devsync.ts';
import { Replicas } from '../cluster/support/devsync-chaos.ts';
import { expectSame } from '../cluster/support/devsync-sides.ts';
import { noAgents, uninstall } from '../cluster/support/node-agents.ts';
import { workplaces } from '../cluster/support/workplaces.ts';
import {
  ensureUp,
  freezeComponent,
  killComponent,
  reconnect,
  startComponent,
  thawComponent,
} from '../lab/index.ts';

jest.setTimeout(600_000);

const lab = isLab ? describe : describe.skip;
const server = 'kube-apiserver';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

lab('a sync', () => {
  beforeAll(ensureUp);
  // Before the namespace goes: that takes controllers that know of it.
  afterAll(() => reconnect(contextA));
  const { open, place } = workplaces();

  async function synced(name: string): Promise<Workplace> {
    const work = open();
    await work.sync(name);
    for (let index = 0; index < 50; index++) work.write(`d/${index}`, `${index}`);
    await work.must('flush', name);
    return work;
  }

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

  describe('with three pods', () => {
    beforeAll(async () => {
      await noAgents(place().kube);
      await open().must('init', '--node-agent');
    }, 240_000);
    afterAll(uninstall, 120_000);

    test.each(['exec', 'ephemeral', 'node-agent'])(
      'by %s goes on when the API server is started again, and when pods go, in the middle of work',
      async (launcher) => {
        const work = open();
        const pods = await Replicas.sync(work, launcher, launcher);
        await pods.round(async () => {
          await killComponent(contextA, server);
          await pause(3_000);
          await startComponent(contextA, server);
        });
        await pods.round(() => pods.deletePod(pods.followers[0] ?? ''));
        // What it had alone goes with it.
        await pods.round(() => pods.deletePod(pods.writer), { there: false });
      },
    );
  });
});
