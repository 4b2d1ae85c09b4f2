/** Whether somebody works on a task, by whose Lease it is guarded. */
import { expect, test } from '@jest/globals';
import { Board } from '../../../../../plugins/nsreplicate/server/tasks/board.ts';
import { takeLease } from '../../../../../plugins/nsreplicate/state/lease.ts';
import { blankState } from '../../../../../plugins/nsreplicate/state/saved-state.ts';
import { stateDocument, type TaskStatus } from '../../../../../plugins/nsreplicate/state/state.ts';
import { metadataOf } from '../../../../../plugins/nsreplicate/state/task-objects.ts';
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
