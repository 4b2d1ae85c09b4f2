/** How a cutover stands: whether its workloads are where they are to be, and not how its last copy went. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { describeTask, documentOf, tableOf } from '../../../../../plugins/x8sync/commands/task-output.ts';
import { cutoverStanding } from '../../../../../plugins/x8sync/records/cutover-standing.ts';
import { listTasks } from '../../../../../plugins/x8sync/records/inventory.ts';
import { lookAt } from '../../../../../plugins/x8sync/records/look.ts';
import type { TaskContext } from '../../../../../plugins/x8sync/records/task-sides.ts';
import { errorOf, watchTask } from '../../../../../plugins/x8sync/records/watch.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { ExitCode, TimeoutError } from '../../../../../src/errors.ts';
import { peerAt } from '../../../../../src/tasks/peer.ts';
import type { TaskRecord, TaskState } from '../../../../../src/tasks/record.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import {
  clock,
  cutOffBeforeStart,
  failLast,
  kube,
  namespace,
  openShop,
  recordNow,
  run,
} from '../../../support/cutover-scene.ts';

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

async function shown() {
  const task = await lookAt(await entryNow(), kube, context, { withProgress: false });
  const now = clock.now();
  return { task, document: documentOf(task), text: describeTask(task, now), table: tableOf([task], now) };
}

test('of a cutover that has succeeded its copy tells', async () => {
  await run();
  await copyEnded();
  const { document, text } = await shown();
  expect(document).toMatchObject({ phase: 'Succeeded', message: '1 file' });
  expect(text).not.toMatch(/not cut over/);
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

  test('a run that was killed is known by its lock', () => {
    for (const phase of ['ready', 'stopping', 'starting'])
      expect(cutoverStanding(copied, record(phase), 'none')).toMatchObject({ phase: 'Interrupted' });
    expect(cutoverStanding({ phase: 'Running' }, record('ready'), 'silent')).toEqual({ phase: 'Running' });
  });
});
