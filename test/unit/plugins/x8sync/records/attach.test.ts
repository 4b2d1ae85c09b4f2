/** What attach says where there is nothing to follow, and what to do then. */
import { describe, expect, test } from '@jest/globals';
import { describeTask, documentOf, tableOf } from '../../../../../plugins/x8sync/commands/task-output.ts';
import { attach } from '../../../../../plugins/x8sync/records/attach.ts';
import { lookAt } from '../../../../../plugins/x8sync/records/look.ts';
import { noteFirstCopy } from '../../../../../plugins/x8sync/run/first-copy.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { cronJobs, jobs, persistentVolumeClaims } from '../../../../../src/kube/api/resources.ts';
import { detachedCopy } from '../../../support/detached-copy.ts';
import { apiError } from '../../../support/fake-cluster.ts';

test('a copy whose mover is gone unread is gone on with by its own command, which does not run any more', async () => {
  const { kube, context, entry } = await detachedCopy('ok');
  await kube.delete(jobs, { namespace: 'shop', name: 'x8sync-away-target' });
  await expect(attach(await entry(), kube, context)).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(/has no mover in fake, and how it ended is not known$/),
    hint: 'run the same command again to go on with it; kubectl x8sync cleanup away removes what is left',
  });
});

/** A schedule of which nothing is left but its records: somebody has deleted its CronJob. */
async function withoutCronJob(phase: 'Running' | 'Interrupted' = 'Running') {
  const copy = await detachedCopy('ok', { spec: { schedule: 'true' } });
  const { kube, context } = copy;
  await kube.delete(jobs, { namespace: 'shop', name: 'x8sync-away-target' });
  const record = await copy.record();
  if (!record) throw new Error('there is no record');
  await storeOf(kube, context).update(record, (state) => {
    noteFirstCopy(state, { at: '2026-11-29T01:00:00Z', message: '2 of 2 files copied', isGood: true });
    Object.assign(state, { phase, message: 'first copy: 2 of 2 files copied' });
  });
  return copy;
}

const pathOf = `/${cronJobs.plural}`;

describe('a schedule whose CronJob somebody has deleted', () => {
  const now = new Date('2026-11-29T04:00:00Z');

  test('is told as that by list and status', async () => {
    const { kube, context, entry } = await withoutCronJob();
    const task = await lookAt(await entry(), kube, context, { withProgress: true });
    expect(documentOf(task)).toMatchObject({
      phase: 'Failing',
      schedule: { cronJob: 'shop/x8sync-away-target', gone: true, lastGood: { at: '2026-11-29T01:00:00Z' } },
    });
    expect(describeTask(task, now)).toMatch(
      /Schedule: +its CronJob shop\/x8sync-away-target is gone: nothing copies any more\nLast good: +2026-11-29T01:00:00Z \(3h ago\): 2 of 2 files copied; no later one is known\nTo do: +run the same command again, with its --every, /,
    );
    expect(JSON.stringify(tableOf([task], now))).toMatch(/CronJob shop\/x8sync-away-target is gone/);
  });

  test('is told with a target claim that is gone, too', async () => {
    const { kube, context, entry } = await withoutCronJob();
    await kube.delete(persistentVolumeClaims, { namespace: 'shop', name: 'copy' });
    const task = await lookAt(await entry(), kube, context, { withProgress: true });
    const text = describeTask(task, now);
    expect(text).toMatch(/^Schedule: +its CronJob .* is gone/m);
    expect(text).toMatch(/^Lost: +target claim fake\/shop\/copy was deleted meanwhile/m);
  });

  test('is not followed, and what to do is said', async () => {
    const { kube, context, entry } = await withoutCronJob();
    await expect(attach(await entry(), kube, context)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^task away copies at its times: its CronJob .* is gone: nothing copies/,
      ),
      hint: expect.stringMatching(/^run the same command again, with its --every, .*cancel away$/),
    });
  });

  test('is never told where CronJobs may not be read', async () => {
    const { kube, context, entry } = await withoutCronJob();
    kube.before = ({ collection }) => {
      if (collection.endsWith(pathOf)) throw apiError(403, 'cronjobs is forbidden', 'Forbidden');
    };
    const { standing } = await lookAt(await entry(), kube, context, { withProgress: true });
    expect(standing).toMatchObject({ phase: 'Unknown', isUnseen: true });
    const why = expect.stringMatching(/^its schedule in fake can't be looked at: /);
    expect(standing.message).toEqual(why);
    await expect(attach(await entry(), kube, context)).rejects.toMatchObject({
      details: [expect.stringMatching(/^its record says: /), why],
    });
  });

  test('by cancel is a copy that was cancelled', async () => {
    const { kube, context, entry } = await withoutCronJob('Interrupted');
    const { standing } = await lookAt(await entry(), kube, context, { withProgress: true });
    expect(standing).toMatchObject({ phase: 'Interrupted' });
    expect(standing.schedule).toBeUndefined();
  });

  test('and that a command makes anew at this moment is a copy whose mover is there', async () => {
    const copy = await withoutCronJob();
    const { kube, context, entry } = copy;
    await kube.create(jobs, {
      metadata: { namespace: 'shop', name: 'x8sync-away-target', annotations: { 'x8s.dev/nonce': 'n2' } },
      spec: {},
    } as never);
    const { standing } = await lookAt(await entry(), kube, context, { withProgress: true });
    expect(standing).toMatchObject({ phase: 'Running' });
  });
});
