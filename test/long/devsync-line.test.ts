/** A network that is away for a while: a sync is back within three seconds of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { isLab } from '../cluster/support/contexts.ts';
import { workplaces } from '../cluster/support/workplaces.ts';
import { eventually } from '../support/eventually.ts';

jest.setTimeout(300_000);

(isLab ? describe : describe.skip)('a network that is away', () => {
  const { openAtDesk } = workplaces();

  // Shorter than what a silence is looked into, than what a lock lasts, and longer than both.
  test.each([5, 10, 25, 60])('for %i s', async (seconds) => {
    const { work: it, desk } = await openAtDesk();
    await it.sync('line');
    await desk.cut();
    it.write('a', 'while it was away');
    await sleep(seconds * 1000);
    const joined = performance.now();
    await desk.join();
    let look = 0;
    await eventually(async () => {
      const begun = performance.now();
      const text = await it.sh('line', 'cat /work/a');
      look = performance.now() - begun;
      expect(text).toBe('while it was away');
    });
    // It arrived during the last look or the one before; on a busy machine each takes a while.
    expect(performance.now() - joined - 2 * look).toBeLessThan(3_000);
    await it.must('flush', 'line');
  });
});
