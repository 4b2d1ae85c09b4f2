/** A first copy that is over, and after which no schedule was left. */
import { expect, test } from '@jest/globals';
import { lookAt } from '../../../../../plugins/x8sync/records/look.ts';
import { errorOf } from '../../../../../plugins/x8sync/records/watch.ts';
import { noteFirstCopy } from '../../../../../plugins/x8sync/run/first-copy.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import { type DetachedCopy, detachedCopy } from '../../../support/detached-copy.ts';

const spec = { schedule: 'true' };
const look = async (copy: DetachedCopy) =>
  lookAt(await copy.entry(), copy.kube, copy.context, { withProgress: true });

test.each([
  ['killed', 'me@here 1'],
  ['interrupted', undefined],
])('of a command that was %s is told as interrupted, and kept as no end', async (_, holder) => {
  const copy = await detachedCopy('ok', { spec, ...(holder !== undefined && { holder }) });
  const task = await look(copy);
  expect(task.standing).toMatchObject({
    phase: 'Interrupted',
    message: expect.stringMatching(
      /^its first copy has ended \(2 of .*\), and no schedule was left, .*: run the same command again$/,
    ),
  });
  expect(errorOf(task)?.exitCode).toBe(1);
  expect((await copy.record())?.checkpoints.end).toBeUndefined();
});

test('that failed says why', async () => {
  const copy = await detachedCopy('failed', { spec });
  expect((await look(copy)).standing.phase).toBe('Failed');
});

test('is not said where a schedule was left after it', async () => {
  const copy = await detachedCopy('ok', { spec });
  const record = await copy.record();
  if (!record) throw new Error('there is no record');
  await storeOf(copy.kube, { clock }).update(record, (state) =>
    noteFirstCopy(state, { at: '2026-11-29T01:01:00Z', message: 'all', isGood: true }),
  );
  expect((await look(copy)).standing.message ?? '').not.toContain('first copy has ended');
});
