/** What is cancelled is a copy that has not come to its good end: a good end stays, also where no command has taken it. */
import { expect, test } from '@jest/globals';
import { attach } from '../../../../../plugins/x8sync/records/attach.ts';
import { cancel } from '../../../../../plugins/x8sync/records/cancel.ts';
import { keptEndOf } from '../../../../../plugins/x8sync/run/kept-end.ts';
import { jobs } from '../../../../../src/kube/api/resources.ts';
import { detachedCopy } from '../../../support/detached-copy.ts';

const jobName = { namespace: 'shop', name: 'x8sync-away-target' };

test.each([
  ['ok', 'Succeeded'],
  ['partial', 'Incomplete'],
] as const)('a detached copy that ended with %s is not cancelled: it is %s', async (outcome, phase) => {
  const copy = await detachedCopy(outcome);
  const { kube, context } = copy;
  const refused = {
    exitCode: 3,
    message: 'task away has finished, at 2026-11-29T01:01:00Z: 2 of 2 files copied, 5 B',
    hint: expect.stringContaining('kubectl x8sync attach away'),
  };
  await expect(cancel(await copy.entry(), kube, context)).rejects.toMatchObject(refused);
  const record = await copy.record();
  expect(record && keptEndOf(record)).toMatchObject({ phase });
  // Its pod need not be there any more.
  await kube.delete(jobs, jobName);
  await expect(cancel(await copy.entry(), kube, context)).rejects.toMatchObject(refused);
  await attach(await copy.entry(), kube, context);
  expect(await copy.record()).toMatchObject({ phase });
  await expect(cancel(await copy.entry(), kube, context)).rejects.toMatchObject({
    exitCode: 3,
    hint: expect.stringContaining('kubectl x8sync cleanup away'),
  });
});

test.each([
  ['interrupted', 'Interrupted', /was cancelled by/],
  ['io', 'Failed', /failed|error/],
] as const)('one whose mover ended with %s is cancelled, and %s', async (outcome, phase, message) => {
  const copy = await detachedCopy(outcome);
  await cancel(await copy.entry(), copy.kube, copy.context);
  expect(await copy.record()).toMatchObject({ phase, message: expect.stringMatching(message) });
  expect(await copy.kube.find(jobs, jobName)).toBeUndefined();
});
