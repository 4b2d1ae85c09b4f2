/** Copies of a schedule from one cluster to another, into a target in use, and in a namespace that admits little. */
import { afterAll, expect, test } from '@jest/globals';
import { eventuallySees } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { Schedules, scheduleLimitMs } from './support/schedules.ts';
import { differences, treeOf } from './support/tree.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('schedule');
const schedules = await Schedules.of(scene);

afterAll(async () => {
  await Promise.all([scene.close(), schedules.remove()]);
});

test.concurrent('in a namespace that admits no root, with a quota: what asks before each copy is admitted, too', async () => {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const strict = await Scene.open('schedule-strict', labels);
  try {
    const quota = ['create', 'quota', 'limits', '--hard', 'limits.cpu=8,limits.memory=8Gi'];
    await kubectl(contextB, ['-n', strict.namespace, ...quota]);
    await Promise.all([scene.claim(contextA, 'open'), strict.claim(contextB, 'target')]);
    await scene.shell(contextA, 'open', `${someFiles(1)}chmod -R a+rX /data`);
    const args = [scene.ref(contextA, 'open'), strict.ref(contextB, 'target'), '--name', 'strict'];
    // Without root, owners are not kept: that is said once, and later copies are as good as that.
    expect(saidBy(await x8sync(...args, '--every', '1m'), 5)).toMatch(/not kept +ownership/);
    await scene.shell(contextA, 'open', 'echo more >/data/added');
    const { phase, schedule } = await schedules.goodCopyAfter(contextB, 'strict', Date.now(), strict);
    expect(phase).toBe('Scheduled');
    expect(schedule.lastGood?.message).toMatch(/1 of 202 files copied.*not kept: ownership/);
    expect(await strict.inspect(contextB, 'target', 'cat added')).toBe('more\n');
    saidBy(await schedules.elsewhere('cancel', 'strict', '--context', 'old'), 0);
    expect(await strict.leftovers('strict')).toEqual([]);
  } finally {
    await strict.close();
  }
});

test.concurrent('between two clusters: what changes at the source arrives by itself; a target in use is left alone', async () => {
  await Promise.all([scene.claim(contextA, 'source'), scene.claim(contextB, 'target')]);
  await scene.shell(contextA, 'source', someFiles(2));
  const args = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target'), '--name', 'fresh', '--delete'];
  const made = saidBy(await x8sync(...args, '--every', '1m'), 0);
  expect(made).toMatch(/Copies again every 1m, without this workstation; next in \d+s/);
  await schedules.suspend(contextB, 'fresh', true);
  expect(saidBy(await schedules.elsewhere('list', '--context', 'new'), 0)).toMatch(
    /^fresh +Suspended .*every 1m, suspended/m,
  );

  // What comes of it comes of the cluster alone: the same command only lets it go on.
  await scene.shell(contextA, 'source', 'echo more >/data/added; rm /data/small/1');
  const changed = Date.now();
  expect(
    saidBy(
      await schedules.elsewhere(
        scene.ref('old', 'source'),
        scene.ref('new', 'target'),
        ...args.slice(2),
        '--every',
        '1m',
      ),
      0,
    ),
  ).toMatch(/Unchanged: every 1m; it was suspended, and goes on/);
  const { phase } = await schedules.goodCopyAfter(contextB, 'fresh', changed);
  expect(phase).toBe('Scheduled');
  // The standby takes over. A copy that has begun before it is no copy into a target in use.
  await schedules.standStill(contextB, 'fresh');
  expect(
    differences(await treeOf(scene, contextA, 'source'), await treeOf(scene, contextB, 'target')),
  ).toEqual([]);

  await scene.user(contextB, 'db', 'target');
  await scene.shell(contextA, 'source', 'echo late >/data/late');
  await schedules.suspend(contextB, 'fresh', false);
  const failing = await eventuallySees(
    () => schedules.status('fresh'),
    // So it is also called as long as one that was due meanwhile has not begun.
    ({ phase, schedule }) => phase === 'Failing' && schedule.lastFailure !== undefined,
    scheduleLimitMs,
  );
  expect(failing.schedule.lastFailure?.message).toMatch(
    /target claim target is in use by pod db: nothing was copied/,
  );
  expect(await scene.inspect(contextB, 'target', 'ls')).not.toContain('late');
  expect(failing.schedule.lastGood).toBeDefined();

  saidBy(await schedules.elsewhere('cancel', 'fresh', '--context', 'old'), 0);
  expect(await scene.leftovers('fresh')).toEqual([]);
  expect(await scene.phases('fresh')).toEqual(['source Interrupted', 'target Interrupted']);
});
