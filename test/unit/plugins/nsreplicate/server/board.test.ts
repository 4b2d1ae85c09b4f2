/** Whether somebody works on a task, by whose Lease it is guarded. */
import { expect, test } from '@jest/globals';
import { findTask } from '../../../../../plugins/nsreplicate/server/routes/tasks.ts';
import { Board } from '../../../../../plugins/nsreplicate/server/tasks/board.ts';
import { takeLease } from '../../../../../plugins/nsreplicate/state/lease.ts';
import { blankState } from '../../../../../plugins/nsreplicate/state/saved-state.ts';
import { SCHEMA, stateDocument, type TaskStatus } from '../../../../../plugins/nsreplicate/state/state.ts';
import { metadataOf, type Role } from '../../../../../plugins/nsreplicate/state/task-objects.ts';
import { Annotation } from '../../../../../src/tasks/names.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const status = (task: string, phase: TaskStatus['phase'], guardedBy?: string): TaskStatus =>
  ({ task, phase, startedAt: '', replicas: [], ...(guardedBy && { guardedBy }) }) as unknown as TaskStatus;

test('a controller’s tasks are at work while it leads, but for those that it has ended', async () => {
  const kube = fakeKube();
  const ended = new AbortController();
  const { signal } = ended;
  const clock = fakeClock();
  const statuses = [
    status('guarded', 'Watching', 'krm-controller'),
    status('gone', 'Stopped', 'krm-controller'),
    status('killed', 'Watching'),
  ];
  for (const one of statuses)
    kube.objects.create('/configmaps', {
      metadata: metadataOf(one.task, 'state'),
      ...{ data: stateDocument(one, blankState()).data },
    });
  const lock = await takeLease({ kube, task: 'krm-controller', purpose: 'controller', clock, signal });
  const board = new Board({ kube, clock, signal });
  const running = board.run();
  await board.listed;
  await clock.advance(1);
  expect(Object.fromEntries(board.tasks().map(({ name, atWork }) => [name, atWork]))).toEqual({
    guarded: true,
    gone: false,
    killed: false,
  });
  await lock.release();
  ended.abort();
  await running;
  await kube.close();
});

test('what a newer version wrote is not read: neither its status nor its jobs', async () => {
  const kube = fakeKube();
  const ended = new AbortController();
  const { signal } = ended;
  const metadata = metadataOf('newer', 'state');
  const annotations = { [Annotation.schema]: String(SCHEMA + 1) };
  const { data } = stateDocument(status('newer', 'Watching'), blankState());
  kube.objects.create('/configmaps', { metadata: { ...metadata, annotations }, ...{ data } });
  const records = '{"from":"the future"}';
  kube.objects.create('/configmaps', {
    metadata: metadataOf('newer', 'jobs-recent'),
    ...{ data: { records } },
  });
  const board = new Board({ kube, clock: fakeClock(), signal });
  const running = board.run();
  await board.listed;
  expect([board.tasks(), board.task('newer'), board.jobs('newer')]).toEqual([[], undefined, []]);
  expect(board.newer).toEqual([{ task: 'newer', schema: String(SCHEMA + 1) }]);
  expect(() => findTask(board, 'newer')).toThrow('newer version of this plugin (schema 3, known is 2)');
  ended.abort();
  await running;
  await kube.close();
});

test('jobs of all tasks are in one order: what fails, what is at work, what was done, the newest first', async () => {
  const kube = fakeKube();
  const ended = new AbortController();
  const { signal } = ended;
  const job = (name: string, state: string, second?: number) => ({
    ...{ change: 'd', kind: 'Secret', namespace: 'shop', name, replica: 'r', state, attempts: 1 },
    startedAt: '2026-01-01T00:00:00Z',
    ...(second !== undefined && { finishedAt: `2026-01-01T00:00:0${second}Z` }),
  });
  const keep = (task: string, role: Role, ...jobs: object[]) =>
    kube.objects.create('/configmaps', {
      metadata: metadataOf(task, role),
      ...{ data: { records: jobs.map((one) => JSON.stringify(one)).join('\n') } },
    });
  for (const [task, second] of [['a', 1] as const, ['b', 2] as const]) {
    keep(
      task,
      'jobs-recent',
      job(`${task}-done`, 'done', second),
      job(`${task}-done-later`, 'done', second + 2),
    );
    keep(task, 'jobs-failed-0', job(`${task}-failed`, 'failed', second));
    keep(task, 'jobs-active', job(`${task}-running`, 'running'), job(`${task}-pending`, 'pending'));
  }
  const board = new Board({ kube, clock: fakeClock(), signal });
  const running = board.run();
  await board.listed;
  expect(board.jobsOfAll().map(({ name }) => name)).toEqual([
    ...['b-failed', 'a-failed', 'a-running', 'a-pending', 'b-running', 'b-pending'],
    ...['b-done-later', 'a-done-later', 'b-done', 'a-done'],
  ]);
  ended.abort();
  await running;
  await kube.close();
});
