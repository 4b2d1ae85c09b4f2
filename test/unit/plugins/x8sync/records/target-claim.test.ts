/** A copy that nobody waited for, whose target claim somebody has deleted: it is called no good one. */
import { expect, test } from '@jest/globals';
import { attach } from '../../../../../plugins/x8sync/records/attach.ts';
import { lookAt } from '../../../../../plugins/x8sync/records/look.ts';
import { lookAtSchedule } from '../../../../../plugins/x8sync/records/schedule-look.ts';
import { errorOf } from '../../../../../plugins/x8sync/records/watch.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import type { CronJob, PersistentVolumeClaim } from '../../../../../src/kube/api/objects.ts';
import { cronJobs, jobs, persistentVolumeClaims } from '../../../../../src/kube/api/resources.ts';
import { type DetachedCopy, detachedCopy } from '../../../support/detached-copy.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();
const copyClaim = { namespace: 'shop', name: 'copy' };

const look = async (copy: DetachedCopy) =>
  lookAt(await copy.entry(), copy.kube, copy.context, { withProgress: true });

test.each(['ok', 'partial'] as const)('that ended with %s is Failed, with what happened', async (outcome) => {
  const copy = await detachedCopy(outcome);
  await copy.kube.delete(persistentVolumeClaims, copyClaim);
  const task = await look(copy);
  const message = expect.stringMatching(/^target claim fake\/shop\/copy was deleted meanwhile/);
  expect(task.standing).toMatchObject({ phase: 'Failed', message });
  expect(errorOf(task)).toMatchObject({ exitCode: 1 });
  // The end that is kept outlives the pods.
  await copy.kube.delete(jobs, { namespace: 'shop', name: 'x8sync-away-target' });
  expect((await look(copy)).standing).toMatchObject({ phase: 'Failed', message });
  const taken = await attach(await copy.entry(), copy.kube, copy.context);
  expect(taken).toMatchObject({ ended: { standing: { phase: 'Failed' } } });
  expect(await copy.record()).toMatchObject({ phase: 'Failed', message });
});

test('whose claim stands is a good one, also once the claim goes later', async () => {
  const copy = await detachedCopy('ok');
  expect((await look(copy)).standing).toMatchObject({ phase: 'Succeeded', end: { outcome: 'ok' } });
  await copy.kube.delete(persistentVolumeClaims, copyClaim);
  await copy.kube.delete(jobs, { namespace: 'shop', name: 'x8sync-away-target' });
  expect((await look(copy)).standing).toMatchObject({ phase: 'Succeeded' });
});

/** The fake makes every object at the beginning of time. */
const [before, after] = ['1969-12-31T00:00:00Z', '1970-01-02T00:00:00Z'];

/** A schedule whose last copy went well. */
async function schedule(lastSuccessfulTime: string) {
  const kube = fakeKube();
  const claim = { metadata: copyClaim, spec: {} } as PersistentVolumeClaim;
  const { metadata } = await kube.create(persistentVolumeClaims, claim);
  const spec = { targetClaim: 'shop/copy', targetUid: metadata.uid, schedule: 'true' };
  const { record } = await storeOf(kube, { clock }).open({
    ...{ namespace: 'shop', task: 'fresh', role: 'target', spec },
  });
  await kube.create(cronJobs, {
    metadata: { name: record.name, namespace: 'shop', annotations: { 'x8s.dev/every': '15m' } },
    spec: { schedule: '*/15 * * * *', timeZone: 'Etc/UTC' },
    status: { lastSuccessfulTime, lastScheduleTime: new Date().toISOString() },
  } as unknown as CronJob);
  const name = { kube: { cluster: { context: 'fake' } }, namespace: 'shop', claim: 'copy' };
  const claims = { source: name, target: name };
  const standing = () => lookAtSchedule({ kube, record }, claims, { clock, signal }, { withProgress: false });
  return { kube, claim, standing };
}

test('a schedule whose target is gone is Failing, however well its copies went', async () => {
  const { kube, claim, standing } = await schedule(before);
  expect(await standing()).toMatchObject({ phase: 'Scheduled' });
  await kube.delete(persistentVolumeClaims, copyClaim);
  const text = expect.stringMatching(/^target claim fake\/shop\/copy was deleted meanwhile/);
  expect(await standing()).toMatchObject({ phase: 'Failing', progress: text, message: text });
  await kube.create(persistentVolumeClaims, claim);
  expect(await standing()).toMatchObject({ phase: 'Failing' });
});

test('a schedule that has filled a claim that was made anew is well again', async () => {
  const { kube, claim, standing } = await schedule(after);
  await kube.delete(persistentVolumeClaims, copyClaim);
  await kube.create(persistentVolumeClaims, claim);
  expect(await standing()).toMatchObject({ phase: 'Scheduled' });
});
