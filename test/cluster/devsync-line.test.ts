/** The line between the workstation and the cluster: another address, and a cluster that does not answer. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA, isLab } from './support/contexts.ts';
import { environment, pluginProgram } from './support/kubectl.ts';
import { run } from './support/process.ts';
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
    const [program = '', ...under] = it.under;
    const args = [...under, pluginProgram('devsync'), 'get', '--context', contextA];
    const got = await run(program, args, { env: environment });
    expect([got.code, got.stderr]).toEqual([
      4,
      expect.stringMatching(/no answer from .*: no (connection in time|route to it)/),
    ]);
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
