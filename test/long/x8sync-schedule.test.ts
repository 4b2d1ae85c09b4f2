/** What may go wrong with a schedule while nobody looks, shown with its cause, and mended. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { someFiles } from '../cluster/support/files.ts';
import { kubectl } from '../cluster/support/kubectl.ts';
import { Scene } from '../cluster/support/scene.ts';
import { differences, treeOf } from '../cluster/support/tree.ts';
import { documentOf, saidBy, x8sync } from '../cluster/support/x8sync.ts';
import { eventuallySees } from '../support/eventually.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('schedules');
afterAll(() => scene.close());

interface Status {
  readonly phase: string;
  readonly schedule: {
    readonly gone?: boolean;
    readonly running?: object;
    readonly lastGood?: { readonly at: string };
    readonly lastFailure?: { readonly at: string; readonly message: string };
    readonly overdue?: { readonly at: string; readonly message?: string };
  };
}

const statusOf = async (task: string): Promise<Status> =>
  documentOf<Status>(
    await x8sync('status', task, '--context', contextB, '-n', scene.namespace, '-o', 'json'),
  );

/** A copy that can't reach its source gives up after two minutes, and the next one is due a minute later. */
const limitMs = 400_000;

const seen = (task: string, check: (status: Status) => boolean) =>
  eventuallySees(() => statusOf(task), check, limitMs);

const goodAfter = (since: number) => (status: Status) =>
  status.phase === 'Scheduled' && Date.parse(status.schedule.lastGood?.at ?? '') > since;

async function scheduled(name: string): Promise<string[]> {
  await Promise.all([scene.claim(contextA, name), scene.claim(contextB, name)]);
  await scene.shell(contextA, name, someFiles(1));
  const args = [scene.ref(contextA, name), scene.ref(contextB, name), '--name', name, '--every', '1m'];
  saidBy(await x8sync(...args), 0);
  return args;
}

const same = async (name: string) =>
  expect(differences(await treeOf(scene, contextA, name), await treeOf(scene, contextB, name))).toEqual([]);

test.concurrent("the source's server is taken away: said with its cause, and made anew by the same command", async () => {
  const args = await scheduled('gone');
  await kubectl(contextA, ['-n', scene.namespace, 'delete', 'statefulset', 'x8sync-gone-source']);
  const { schedule } = await seen('gone', ({ phase }) => phase === 'Failing');
  expect(schedule.lastFailure?.message).toMatch(/reach/);
  expect(schedule.lastGood).toBeDefined();
  await scene.shell(contextA, 'gone', 'echo more >/data/added');
  expect(saidBy(await x8sync(...args), 0)).toMatch(/made anew: StatefulSet \S+ in \S+ is gone/);
  const mended = Date.now();
  await same('gone');
  await scene.shell(contextA, 'gone', 'echo more >/data/again');
  await seen('gone', goodAfter(mended + 60_000));
  await same('gone');
  saidBy(await x8sync('cleanup', 'gone', '--context', contextA, '-n', scene.namespace), 0);
  expect(await scene.leftovers('gone')).toEqual([]);
}, 900_000);

test.concurrent('the CronJob is deleted: said with the last good copy that is known, and made anew by the same command', async () => {
  const args = await scheduled('unscheduled');
  await kubectl(contextB, ['-n', scene.namespace, 'delete', 'cronjob', 'x8sync-unscheduled-target']);
  // A copy that had begun goes with it.
  const { phase, schedule } = await seen(
    'unscheduled',
    ({ schedule: { gone, running } }) => gone === true && running === undefined,
  );
  expect(phase).toBe('Failing');
  expect(schedule.lastGood).toBeDefined();
  const following = ['attach', 'unscheduled', '--context', contextB, '-n', scene.namespace];
  expect(saidBy(await x8sync(...following), 3)).toMatch(/its CronJob \S+ is gone: nothing copies any more/);
  await scene.shell(contextA, 'unscheduled', 'echo more >/data/added');
  saidBy(await x8sync(...args), 0);
  await same('unscheduled');
  expect((await statusOf('unscheduled')).phase).toBe('Scheduled');
  saidBy(await x8sync('cleanup', 'unscheduled', '--context', contextA, '-n', scene.namespace), 0);
  expect(await scene.leftovers('unscheduled')).toEqual([]);
}, 900_000);

test.concurrent("the source's pod is deleted between two copies: its successor serves the next one", async () => {
  await scheduled('successor');
  await kubectl(contextA, ['-n', scene.namespace, 'delete', 'pod', 'x8sync-successor-source-0']);
  await scene.shell(contextA, 'successor', 'echo more >/data/added');
  const changed = Date.now();
  await seen('successor', goodAfter(changed + 60_000));
  await same('successor');
}, 600_000);

test.concurrent('an empty source is not copied over what is there', async () => {
  await scheduled('emptied');
  await scene.shell(contextA, 'emptied', 'rm -rf /data/*');
  const { schedule } = await seen('emptied', ({ phase }) => phase === 'Failing');
  expect(schedule.lastFailure?.message).toMatch(/empty/);
  expect(await scene.inspect(contextB, 'emptied', 'ls')).not.toBe('');
}, 600_000);

test.concurrent('a target that is too small by now: nothing of it is touched, and what is missing is said', async () => {
  await scene.claim(contextA, 'grown');
  await scene.claim(contextB, 'grown', { size: '16Mi', storageClass: 'tmpfs' });
  await scene.shell(contextA, 'grown', someFiles(1));
  const args = [scene.ref(contextA, 'grown'), scene.ref(contextB, 'grown'), '--name', 'grown'];
  saidBy(await x8sync(...args, '--every', '1m'), 0);
  await scene.shell(contextA, 'grown', 'head -c 40M /dev/urandom >/data/large');
  const { schedule } = await seen('grown', ({ phase }) => phase === 'Failing');
  expect(schedule.lastFailure?.message).toMatch(/too little room/);
  expect(schedule.lastGood).toBeDefined();
  saidBy(await x8sync('cancel', 'grown', '--context', contextB, '-n', scene.namespace), 0);
  expect(await scene.leftovers('grown')).toEqual([]);
}, 600_000);

// Not beside the others: it holds for all of the namespace.
test('a quota that admits no Job: one is due and has not begun, in the words of the cluster', async () => {
  await scheduled('declined');
  await kubectl(contextB, [
    ...['-n', scene.namespace, 'create', 'quota', 'no-jobs'],
    ...['--hard', 'count/jobs.batch=0'],
  ]);
  const { schedule } = await seen('declined', (status) => status.schedule.overdue !== undefined);
  expect(schedule.overdue?.message).toMatch(/exceeded quota/);
  await kubectl(contextB, ['-n', scene.namespace, 'delete', 'quota', 'no-jobs']);
  await seen('declined', goodAfter(Date.now()));
}, 600_000);
