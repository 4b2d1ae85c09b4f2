/** A network that is away for a while: a sync is back within three seconds of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { isLab } from '../cluster/support/contexts.ts';
import { Workplace } from '../cluster/support/devsync.ts';
import { inNamespace } from '../cluster/support/namespace.ts';
import { LabWorkstation } from '../lab/index.ts';
import { eventually } from '../support/eventually.ts';

jest.setTimeout(300_000);

(isLab ? describe : describe.skip)('a network that is away', () => {
  const place = inNamespace('A');
  let work: Workplace | undefined;
  let desk: LabWorkstation | undefined;
  afterEach(async () => {
    await work?.close();
    await desk?.remove();
    [work, desk] = [undefined, undefined];
  });

  // Shorter than what a silence is looked into, than what a lock lasts, and longer than both.
  test.each([5, 10, 25, 60])('for %i s', async (seconds) => {
    work = new Workplace(place());
    const it = work;
    desk = await LabWorkstation.make();
    it.under = desk.under;
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
