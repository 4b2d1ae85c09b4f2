/** A network that is away for a while or is another one, and a workstation that slept: a sync is back within three seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { isLab } from '../cluster/support/contexts.ts';
import type { Workplace } from '../cluster/support/devsync.ts';
import { workplaces } from '../cluster/support/workplaces.ts';
import { eventually } from '../support/eventually.ts';

jest.setTimeout(300_000);

/** Resolves with the milliseconds from `begun` until the container has the text, less what the looks themselves took. */
async function arrived(it: Workplace, text: string, begun: number): Promise<number> {
  let look = 0;
  await eventually(async () => {
    const began = performance.now();
    const found = await it.sh('line', 'cat /work/a');
    look = performance.now() - began;
    expect(found).toBe(text);
  });
  // It arrived during the last look or the one before; on a busy machine each takes a while.
  return performance.now() - begun - 2 * look;
}

(isLab ? describe : describe.skip)('a workstation', () => {
  const { openAtDesk } = workplaces();

  // Shorter than what a silence is looked into, than what a lock lasts, and longer than both.
  test.each([5, 10, 25, 60])(
    'whose network is away for %i s is back within three seconds of it',
    async (seconds) => {
      const { work: it, desk } = await openAtDesk();
      await it.sync('line');
      await desk.cut();
      it.write('a', 'while it was away');
      await sleep(seconds * 1000);
      const joined = performance.now();
      await desk.join();
      expect(await arrived(it, 'while it was away', joined)).toBeLessThan(3_000);
      await it.must('flush', 'line');
    },
  );

  // The process stands still, and meanwhile the cluster gives up what it had of it.
  test.each([10, 25, 60])('that slept for %i s is back within three seconds', async (seconds) => {
    const { work: it, desk } = await openAtDesk();
    await it.sync('line');
    const watch = it.watchId as number;
    process.kill(watch, 'SIGSTOP');
    try {
      it.write('a', 'while it slept');
      await desk.cut();
      await sleep(seconds * 1000);
      await desk.join();
    } finally {
      process.kill(watch, 'SIGCONT');
    }
    expect(await arrived(it, 'while it slept', performance.now())).toBeLessThan(3_000);
    await it.must('flush', 'line');
  });

  test('that wakes up in another network is back within three seconds', async () => {
    const { work: it, desk } = await openAtDesk();
    await it.sync('line');
    const watch = it.watchId as number;
    process.kill(watch, 'SIGSTOP');
    try {
      it.write('a', 'while it slept');
      await desk.move();
      await sleep(25_000);
    } finally {
      process.kill(watch, 'SIGCONT');
    }
    expect(await arrived(it, 'while it slept', performance.now())).toBeLessThan(3_000);
  });

  test('that comes to another network while it works is back within three seconds', async () => {
    const { work: it, desk } = await openAtDesk();
    await it.sync('line');
    for (const text of ['first', 'second', 'third']) {
      await desk.move();
      it.write('a', text);
      expect(await arrived(it, text, performance.now())).toBeLessThan(3_000);
    }
  });
});
