/** How a cutover stands: whether its workloads are where they are to be, and not how its last copy went. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { describeTask, documentOf, tableOf } from '../../../../../plugins/x8sync/commands/task-output.ts';
import { cutoverStanding } from '../../../../../plugins/x8sync/records/cutover-standing.ts';
import { listTasks } from '../../../../../plugins/x8sync/records/inventory.ts';
import { lookAt } from '../../../../../plugins/x8sync/records/look.ts';
import type { TaskContext } from '../../../../../plugins/x8sync/records/task-sides.ts';
import { errorOf, watchTask } from '../../../../../plugins/x8sync/records/watch.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { ExitCode, TimeoutError, X8sError } from '../../../../../src/errors.ts';
import { peerAt } from '../../../../../src/tasks/peer.ts';
import type { TaskRecord, TaskState } from '../../../../../src/tasks/record.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import {
  addVolumes,
  clock,
  cutOffBeforeStart,
  failLast,
  kube,
  makeClaims,
  makeNextAnew,
  namespace,
  openShop,
  recordNow,
  run,
  scale,
  scaleWeb,
} from '../../../support/cutover-scene.ts';
import { apiError } from '../../../support/fake-cluster.ts';

beforeEach(openShop);

const { signal } = new AbortController();
const context: TaskContext = {
  reporter: createSilentReporter(),
  clock,
  signal,
  onAbandoned: () => {},
  connectTo: async () => kube,
  timeoutMs: 1000,
};

const ref = (claim: string) => ({ kube, namespace, claim });

/** As a run of the copy leaves its records that has ended well. */
async function copyEnded(): Promise<void> {
  const { task, spec } = await recordNow();
  const store = storeOf(kube, { clock });
  const peer = await peerAt({ kube, namespace }, { signal });
  for (const role of ['source', 'target']) {
    const { record } = await store.open({ namespace, task, role, spec: spec as object, peer });
    await store.update(record, (state) => Object.assign(state, { phase: 'Succeeded', message: '1 file' }));
  }
}

async function entryNow() {
  const [entry] = await listTasks(storeOf(kube, { clock }), kube, { namespace, signal });
  if (!entry) throw new Error('there is no task');
  return entry;
}

async function shown(withProgress = false) {
  const task = await lookAt(await entryNow(), kube, context, { withProgress });
  const now = clock.now();
  return { task, document: documentOf(task), text: describeTask(task, now), table: tableOf([task], now) };
}

describe('a cutover that has succeeded', () => {
  const verification = { different: 0, entries: 12, files: 9, bytes: 100, extraneous: 0, aspects: {} };
  const whole = () => ({ verification });

  test('tells what it has stopped and started, the pause, when, and whether both sides were compared', async () => {
    const { downtimeSeconds } = await run(whole);
    await copyEnded();
    const { document, text, table } = await shown();
    const at = (await recordNow()).finishedAt;
    expect(document).toMatchObject({
      phase: 'Succeeded',
      message: expect.stringMatching(/^cut over in /),
      finishedAt: at,
      cutover: {
        phase: 'ready',
        ended: {
          ...{ at, downtimeSeconds, side: 'target', verified: true },
          ...{ stopped: ['Deployment web (3)'], started: ['Deployment next (3)'] },
        },
      },
    });
    expect(text).toMatch(
      /Cutover: +ended at .* ago\): stopped Deployment web \(3\) of the source, started Deployment next \(3\) of the target$/m,
    );
    expect(text).toMatch(/^Downtime: +\S+/m);
    expect(text).toMatch(/^Compared: +verified: 12 entries, all the same$/m);
    expect(JSON.stringify(table)).toMatch(
      /cut over, \S+ of downtime: Deployment next \(3\) of the target was started, verified: 12 entries/,
    );
  });

  test('tells what runs now, whoever has started or stopped it since', async () => {
    await run(whole);
    const runsNow = async () => {
      const { document, text } = await shown(true);
      const [line] = /(?<=^Runs now: +)\S.*$/m.exec(text) ?? [];
      return [(document.cutover as { runsNow: unknown }).runsNow, line];
    };
    const [next, web] = ['Deployment next (3)', 'Deployment web (1)'];
    expect(await runsNow()).toEqual([{ source: [], target: [next] }, `${next} with the target`]);
    await scaleWeb(1);
    expect(await runsNow()).toEqual([
      { source: [web], target: [next] },
      `${next} with the target, ${web} with the source`,
    ]);
    await Promise.all([scaleWeb(0), scale('next', 0)]);
    expect(await runsNow()).toEqual([
      { source: [], target: [] },
      'nothing of what it has stopped or started',
    ]);
  });

  test.each([
    [
      'source',
      'source',
      { source: ['Deployment web (3)'], target: [] },
      /started Deployment web \(3\) of the source$/m,
    ],
    [
      'repoint',
      'target',
      { source: [], target: ['Deployment web (3)'] },
      /started Deployment web \(3\) with the new/,
    ],
    [
      'nothing',
      'nothing',
      { source: [], target: [] },
      /started nothing\nDowntime: +goes on: nothing was started$/m,
    ],
  ] as const)('tells its end with --then %s', async (then, side, runsNow, words) => {
    await run(whole, then);
    const { document, text } = await shown(true);
    expect(document).toMatchObject({ cutover: { ended: { side }, runsNow } });
    expect(text).toMatch(words);
  });

  test('is told as it ended where another run was to make it again and failed', async () => {
    await run(whole);
    await scale('next', 0);
    const { finishedAt: at } = await recordNow();
    const failing = run(
      ({ begins }) => {
        begins();
        throw new X8sError('the disk is gone');
      },
      'target',
      undefined,
      true,
    );
    await expect(failing).rejects.toThrow('the disk is gone');
    const { document, text, table } = await shown();
    expect(document).toMatchObject({
      phase: 'Failed',
      message: `cut over at ${at}, and not once more: the disk is gone`,
      cutover: { ended: { at } },
    });
    expect(text).toMatch(/Cutover: +ended at/);
    expect(JSON.stringify(table)).toMatch(/and not once more/);
  });

  describe('that has started nothing', () => {
    const fields = async () => {
      const { document, text } = await shown(true);
      const field = (name: string) => new RegExp(`^${name}: +(.*)$`, 'm').exec(text)?.[1];
      const { runsNow } = document.cutover as { runsNow: unknown };
      return { runsNow, now: field('Runs now'), downtime: field('Downtime') };
    };
    const next = 'Deployment next (3)';

    test('tells what somebody has started at the target since, and that the pause is over', async () => {
      await run(whole, 'nothing');
      await scale('next', 3);
      expect(await fields()).toEqual({
        runsNow: { source: [], target: [next] },
        now: `${next} with the target`,
        downtime: `over: it has started nothing, and by now there is ${next} with the target`,
      });
    });

    test('tells which other cutover has started that, as where a workload goes over claim by claim', async () => {
      await run(whole, 'nothing');
      await addVolumes('next', ['index-copy']);
      await makeClaims('index', 'index-copy');
      const claims = { source: ref('index'), target: ref('index-copy') };
      await scaleWeb(0);
      await run(whole, 'target', 'other', false, { ...claims, confirmed: true });
      const other = (await storeOf(kube, { clock }).list({ namespace, task: 'other', role: 'cutover' }))[0];
      const at = other?.finishedAt ?? '';
      const { runsNow, now, downtime } = await fields();
      const startedBy = { task: 'other', at, downtimeSeconds: expect.any(Number) };
      expect(runsNow).toEqual({ source: [], target: [expect.any(String)], startedBy });
      expect(now).toMatch(/^Deployment next \(\d\) with the target$/);
      expect(downtime).toMatch(
        new RegExp(
          `^over after \\S+: cutover other has started what has the target, which was ready at ${at}$`,
        ),
      );
    });

    test('is over where what it has stopped runs again', async () => {
      await run(whole, 'nothing');
      await scaleWeb(2);
      const web = 'Deployment web (2)';
      expect(await fields()).toEqual({
        runsNow: { source: [web], target: [] },
        now: `${web} with the source`,
        downtime: `over: it has started nothing, and by now there is ${web} with the source`,
      });
    });

    test('is not said to go on by who may not list what mounts its target', async () => {
      await run(whole, 'nothing');
      await scale('next', 3);
      kube.before = ({ verb, collection }) => {
        if (verb === 'list' && /apps/.test(collection)) throw apiError(403, 'forbidden', 'Forbidden');
      };
      expect(await fields()).toEqual({
        runsNow: { source: [], target: [], unlisted: true },
        now: 'nothing of what it has stopped or started; what else has the target can not be listed',
        downtime: 'goes on as far as is known: it has started nothing',
      });
    });

    test('is not said to go on where nobody has looked', async () => {
      await run(whole, 'nothing');
      expect((await shown(false)).text).toMatch(
        /^Downtime: +goes on as far as is known: it has started nothing$/m,
      );
    });
  });

  test('a workload that was made anew at the target runs there', async () => {
    await run(whole);
    await makeNextAnew(2);
    expect((await shown(true)).document).toMatchObject({
      cutover: { runsNow: { source: [], target: ['Deployment next (2)'] } },
    });
  });

  test('says so where nothing was compared, or nothing had to be stopped', async () => {
    await scaleWeb(0);
    await run(() => ({ verification: undefined }));
    const { document, text } = await shown();
    expect(document).toMatchObject({ cutover: { ended: { verified: false, stopped: [] } } });
    expect(text).toMatch(/^Downtime: +none: nothing had to be stopped\nCompared: +not verified$/m);
  });
});

test.each([
  ['was undone', () => run(failLast), 'the disk is gone'],
  [
    'stands still',
    () => {
      cutOffBeforeStart();
      return run();
    },
    'no answer',
  ],
])('a cutover that %s is not called succeeded, whatever its copy is', async (_, begin, why) => {
  await expect(begin()).rejects.toThrow();
  await copyEnded();
  const { task, document, text, table } = await shown();
  const message = `not cut over: ${why}`;
  expect(document).toMatchObject({ phase: 'Failed', message, finishedAt: expect.any(String) });
  expect(text).toMatch(/Phase: +Failed/);
  expect(text).toContain(message);
  expect(JSON.stringify(table)).toMatch(/Failed/);
  expect(errorOf(task)).toMatchObject({ exitCode: ExitCode.failed });
});

test('a cutover that has run out of time is watched to the same exit code', async () => {
  const failing = run(({ isLast }) => {
    if (isLast) throw new TimeoutError('timed out');
  });
  await expect(failing).rejects.toMatchObject({ exitCode: 124 });
  await copyEnded();
  const last = await watchTask(await entryNow(), kube, context, async () => {});
  expect(errorOf(last)).toMatchObject({ exitCode: 124, message: expect.stringMatching(/timed out/) });
});

describe('of one that has not ended', () => {
  const record = (phase: string, more: Partial<TaskState> = {}): TaskRecord =>
    ({
      task: 'move',
      phase: 'Running',
      spec: {},
      ...more,
      checkpoints: { cutover: stateIn(phase) },
    }) as never;
  const stateIn = (phase: string) => ({ phase, afterwards: 'target', source: [], target: [] });
  const copied = { phase: 'Succeeded' } as const;

  test('a run that holds its lock is at it', () => {
    expect(cutoverStanding(copied, record('ready'), 'live')).toMatchObject({ phase: 'Running' });
    const copying = { phase: 'Running', progress: '1 MB' } as const;
    expect(cutoverStanding(copying, record('stopping'), 'live')).toEqual(copying);
  });

  test('one that was to make it once more, and was killed, has not undone how it ended before', () => {
    const at = '2026-01-02T03:04:05.000Z';
    const again = record('ready');
    Object.assign(again.checkpoints, { finished: { at } });
    expect(cutoverStanding(copied, again, 'none')).toMatchObject({
      phase: 'Interrupted',
      message: expect.stringMatching(
        `^cut over at ${at}, and not once more: its run has ended in the middle; run the same command again to go on with it$`,
      ),
    });
  });

  test('a run that was killed is known by its lock', () => {
    for (const phase of ['ready', 'stopping', 'starting'])
      expect(cutoverStanding(copied, record(phase), 'none')).toMatchObject({ phase: 'Interrupted' });
    expect(cutoverStanding({ phase: 'Running' }, record('ready'), 'silent')).toEqual({ phase: 'Running' });
  });
});
