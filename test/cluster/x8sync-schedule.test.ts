/** Copies that are made again and again by the target's cluster, with no workstation there: --every. */
import { afterAll, expect, test } from '@jest/globals';
import { jobEnd } from '../../src/kube/api/conditions.ts';
import type { Job } from '../../src/kube/api/objects.ts';
import { eventuallySees } from '../support/eventually.ts';
import { slowness } from '../support/slowness.ts';
import { get } from './support/clients.ts';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { otherKubeconfig } from './support/kubeconfigs.ts';
import { kubectl, plugin } from './support/kubectl.ts';
import { grantIn } from './support/roles.ts';
import { Scene } from './support/scene.ts';
import { differences, treeOf } from './support/tree.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('schedule');
const other = await otherKubeconfig({ old: contextA, new: contextB });

afterAll(async () => {
  await Promise.all([scene.close(), other.remove()]);
});

/** Another workstation, whose contexts are `old` and `new`. */
const elsewhere = (...args: string[]) =>
  plugin('x8sync', [...args, '-n', scene.namespace], { KUBECONFIG: other.path });

interface Status {
  readonly phase: string;
  readonly schedule: {
    readonly every: string;
    readonly next?: string;
    readonly lastGood?: { readonly at: string; readonly message?: string };
    readonly lastFailure?: { readonly at: string; readonly message: string };
  };
}

const statusOf = async (task: string): Promise<Status> =>
  documentOf<Status>(await elsewhere('status', task, '--context', 'old', '-o', 'json'));

/** A schedule of a minute takes that long to show anything. */
const limitMs = 110_000 * slowness();

const jobsOf = (context: string, task: string) =>
  get<Job>(context, scene.namespace, 'jobs', `x8s.dev/task=${task}`);

/** The status once it tells that a copy has ended well which began after this moment: one that began before may lack a part. */
async function goodCopyAfter(context: string, task: string, since: number): Promise<Status> {
  const isOne = (job: Job) =>
    Date.parse(job.metadata.creationTimestamp ?? '') > since && jobEnd(job)?.type === 'Complete';
  const seen = await eventuallySees(
    () => jobsOf(context, task),
    (jobs) => jobs.some(isOne),
    limitMs,
  );
  const ended = Date.parse(seen.find(isOne)?.status?.completionTime ?? '');
  return eventuallySees(
    () => statusOf(task),
    ({ schedule }) => Date.parse(schedule.lastGood?.at ?? '') >= ended,
  );
}

/** Resolves once no copy of the schedule is at work, and none begins by itself. */
async function standStill(context: string, task: string): Promise<void> {
  await suspend(context, task, true);
  await eventuallySees(
    () => jobsOf(context, task),
    (jobs) => jobs.every((job) => jobEnd(job) !== undefined),
    limitMs,
  );
}

const suspend = (context: string, task: string, suspended: boolean) =>
  kubectl(context, [
    ...['-n', scene.namespace, 'patch', 'cronjob', `x8sync-${task}-target`],
    ...['-p', JSON.stringify({ spec: { suspend: suspended } })],
  ]);

test.concurrent('between two clusters: what changes at the source arrives by itself; a target in use is left alone', async () => {
  await Promise.all([scene.claim(contextA, 'source'), scene.claim(contextB, 'target')]);
  await scene.shell(contextA, 'source', someFiles(2));
  const args = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target'), '--name', 'fresh', '--delete'];
  const made = saidBy(await x8sync(...args, '--every', '1m'), 0);
  expect(made).toMatch(/Copies again every 1m, without this workstation; next in \d+s/);
  await suspend(contextB, 'fresh', true);
  expect(saidBy(await elsewhere('list', '--context', 'new'), 0)).toMatch(
    /^fresh +Suspended .*every 1m, suspended/m,
  );

  // What comes of it comes of the cluster alone: the same command only lets it go on.
  await scene.shell(contextA, 'source', 'echo more >/data/added; rm /data/small/1');
  const changed = Date.now();
  expect(
    saidBy(
      await elsewhere(
        scene.ref('old', 'source'),
        scene.ref('new', 'target'),
        ...args.slice(2),
        '--every',
        '1m',
      ),
      0,
    ),
  ).toMatch(/Unchanged: every 1m; it was suspended, and goes on/);
  const { phase } = await goodCopyAfter(contextB, 'fresh', changed);
  expect(phase).toBe('Scheduled');
  // The standby takes over. A copy that has begun before it is no copy into a target in use.
  await standStill(contextB, 'fresh');
  expect(
    differences(await treeOf(scene, contextA, 'source'), await treeOf(scene, contextB, 'target')),
  ).toEqual([]);

  await scene.user(contextB, 'db', 'target');
  await scene.shell(contextA, 'source', 'echo late >/data/late');
  await suspend(contextB, 'fresh', false);
  const failing = await eventuallySees(
    () => statusOf('fresh'),
    // So it is also called as long as one that was due meanwhile has not begun.
    ({ phase, schedule }) => phase === 'Failing' && schedule.lastFailure !== undefined,
    limitMs,
  );
  expect(failing.schedule.lastFailure?.message).toMatch(
    /target claim target is in use by pod db: nothing was copied/,
  );
  expect(await scene.inspect(contextB, 'target', 'ls')).not.toContain('late');
  expect(failing.schedule.lastGood).toBeDefined();

  saidBy(await elsewhere('cancel', 'fresh', '--context', 'old'), 0);
  expect(await scene.leftovers('fresh')).toEqual([]);
  expect(await scene.phases('fresh')).toEqual(['source Interrupted', 'target Interrupted']);
});

test.concurrent('within a namespace: nobody else copies to that claim, the times change, and nothing is doubled', async () => {
  await Promise.all(['from', 'other', 'to'].map((claim) => scene.claim(contextA, claim)));
  await Promise.all(['from', 'other'].map((claim) => scene.shell(contextA, claim, someFiles(1))));
  const refOf = (claim: string) => scene.ref(contextA, claim);
  const args = [refOf('from'), refOf('to'), '--name', 'mounted'];
  expect(saidBy(await x8sync(...args, '--every', '5m'), 0)).toMatch(/mount/);
  expect(await scene.leftovers('mounted')).toContain(`${contextA} cronjob.batch/x8sync-mounted-target`);

  expect(saidBy(await x8sync(refOf('other'), refOf('to')), 3)).toMatch(
    // At a full hour its next copy may have begun just now.
    /task mounted (?:copies to target claim .* by itself|has a mover on target claim)/,
  );
  expect(saidBy(await x8sync(...args), 3)).toMatch(
    /task mounted has a schedule, by which it copies by itself/,
  );
  expect(saidBy(await x8sync(...args, '--every', '5m', '--bwlimit', '1M'), 3)).toMatch(
    /with other options[\s\S]*--bwlimit: \(not set\) → 1M/,
  );
  expect(saidBy(await elsewhere('attach', 'mounted', '--context', 'old'), 3)).toMatch(/copies at its times/);
  saidBy(await x8sync('verify', refOf('from'), refOf('to')), 0);

  expect(saidBy(await x8sync(...args, '--every', '1m'), 0)).toMatch(/Changed from every 5m to every 1m/);
  await scene.shell(contextA, 'from', 'echo more >/data/added');
  await goodCopyAfter(contextA, 'mounted', Date.now());
  await standStill(contextA, 'mounted');
  expect(differences(await treeOf(scene, contextA, 'from'), await treeOf(scene, contextA, 'to'))).toEqual([]);

  saidBy(await elsewhere('cleanup', 'mounted', '--context', 'old'), 0);
  expect(await scene.leftovers('mounted')).toEqual([]);
  expect(await scene.phases('mounted')).toEqual([]);
});

test('who may make no account for it is told which rights that takes, and nothing is made', async () => {
  await scene.claim(contextA, 'a');
  await scene.claim(contextA, 'b');
  const name = `${scene.namespace}-editor`;
  const editor = ['--as', name];
  const apiGroup = 'rbac.authorization.k8s.io';
  const binding = {
    ...{ apiVersion: `${apiGroup}/v1`, kind: 'RoleBinding', metadata: { name: 'editor' } },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'edit' },
    subjects: [{ apiGroup, kind: 'User', name }],
  };
  await grantIn(contextA, scene.namespace, [binding], editor);
  const args = [
    scene.ref(contextA, 'a'),
    scene.ref(contextA, 'b'),
    '--name',
    'edited',
    '--every',
    '1h',
    ...editor,
  ];
  expect(saidBy(await x8sync(...args), 4)).toMatch(/create rolebindings\.rbac\.authorization\.k8s\.io/);
  expect(await scene.leftovers('edited')).toEqual([]);
});
