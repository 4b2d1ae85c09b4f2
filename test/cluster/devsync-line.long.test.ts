/** The line between the workstation and the cluster: another address, and a cluster that does not answer. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA, isLab } from './support/contexts.ts';
import { saidBy } from './support/first-word.ts';
import { workplaces } from './support/workplaces.ts';

(isLab ? describe : describe.skip)('a workstation', () => {
  const { openAtDesk } = workplaces();

  test('that comes to another network syncs at once, and says so where the cluster does not answer', async () => {
    const { work: it, desk } = await openAtDesk();
    await it.sync('line');
    it.write('a', 'before');
    await it.must('flush', 'line');

    await desk.move();
    it.write('a', 'from another address');
    await eventually(async () => expect(await it.sh('line', 'cat /work/a')).toBe('from another address'));
    // The connection was ended as soon as its address was gone. Silence would have been noticed much later, and told.
    const log = await it.must('logs', 'line');
    expect(log).toContain('the stream broke');
    expect(log).not.toMatch(/no answer from|nothing was heard/);

    await desk.cut();
    for (const asked of [['get'], ['create', '--pod', 'line', it.local, '/elsewhere']]) {
      const words = expect.stringMatching(/no answer from .*: no (connection in time|route to it)/);
      // The issue's own limit, from when the program has begun. A busy machine may hold up one that waits for less.
      await eventually(async () => {
        const { code, stderr, firstWord } = await saidBy(it.under, ...asked, '--context', contextA);
        expect([asked[0], code, stderr]).toEqual([asked[0], 4, words]);
        expect([asked[0], firstWord < 5_000]).toEqual([asked[0], true]);
      });
    }
    // Whether the silence or its lock tells first.
    await eventually(async () =>
      expect(await it.must('logs', 'line')).toMatch(/no answer from|could not be renewed/),
    );
    await desk.join();
    it.write('a', 'after a while');
    await it.reaches('line', 'watching');
    await eventually(async () => expect(await it.sh('line', 'cat /work/a')).toBe('after a while'));
  });
});
