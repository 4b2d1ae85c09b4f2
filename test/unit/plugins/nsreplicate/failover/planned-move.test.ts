/** A move on purpose, after which nothing runs on both sides: as the runbook tells it. */
import { expect, test } from '@jest/globals';
import { writeControl } from '../../../../../plugins/nsreplicate/state/control.ts';
import { deployments, statefulSets } from '../../../support/promotion.ts';
import { PromotionAtWork } from '../../../support/promotion-at-work.ts';

/** What ran on the primary is stopped there, with the task paused before that or not, and the standby is promoted. */
async function moved(isPaused: boolean) {
  const work = await PromotionAtWork.begin();
  const { from } = work.objects;
  const asked = { at: '', by: 'tester', what: 'pause' };
  if (isPaused) await writeControl(work.run.from, 't', { paused: true }, asked);
  await work.passes(1000);
  for (const collection of [statefulSets, deployments])
    for (const object of from.all(collection)) from.replace(collection, { ...object, spec: { replicas: 0 } });
  await work.passes(5000);
  const outcome = await work.promote(work.workstation());
  const { isAwake } = work;
  await work.close();
  return { outcome, isAwake };
}

test('a task that is paused first leaves what workloads had, and is fenced all the same', async () => {
  const { outcome, isAwake } = await moved(true);
  expect([outcome, isAwake]).toEqual([expect.objectContaining({ epoch: 1, open: [] }), true]);
});

test('without the pause they are held with what they have by then', async () => {
  expect(await moved(false)).toMatchObject({ isAwake: false });
});
