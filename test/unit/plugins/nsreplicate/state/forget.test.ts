import { expect, test } from '@jest/globals';
import { raiseEpoch, readEpoch } from '../../../../../plugins/nsreplicate/state/epoch.ts';
import { forgetRecords } from '../../../../../plugins/nsreplicate/state/forget.ts';
import { readPromotion, writePromotion } from '../../../../../plugins/nsreplicate/state/promotion.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

test('what is kept of a task goes, but not the epoch that keeps an old primary from writing', async () => {
  const kube = fakeKube();
  const epoch = { number: 1, leader: 'B', leaderName: 'b', raisedAt: '2026-01-01T00:00:00.000Z' };
  await raiseEpoch(kube, 't', epoch);
  await writePromotion(kube, 't', { epoch: 1, phase: 'Done', startedAt: epoch.raisedAt });
  await raiseEpoch(kube, 'other', epoch);
  await forgetRecords(kube, 't');
  expect(await readPromotion(kube, 't')).toBeUndefined();
  expect(await readEpoch(kube, 't')).toEqual(epoch);
  await kube.close();
});
