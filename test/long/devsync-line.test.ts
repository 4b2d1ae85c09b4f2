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
    await eventually(async () => expect(await it.sh('line', 'cat /work/a')).toBe('while it was away'));
    expect(performance.now() - joined).toBeLessThan(3_000);
    await it.must('flush', 'line');
  });
});
