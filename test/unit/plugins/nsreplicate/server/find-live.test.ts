/** Asked about a task of another process: who works on it is said, and that there is none only where that is so. */
import { expect, test } from '@jest/globals';
import type { LiveTask } from '../../../../../plugins/nsreplicate/run/live-task.ts';
import type { Problem } from '../../../../../plugins/nsreplicate/server/http/problem.ts';
import { findLive } from '../../../../../plugins/nsreplicate/server/routes/overview.ts';
import type { Board, BoardTask } from '../../../../../plugins/nsreplicate/server/tasks/board.ts';

const fakeBoard = (names: readonly string[], worker: string | undefined) =>
  ({
    tasks: () => names.map((name) => ({ name })),
    task: (name: string) => (names.includes(name) ? ({ name } as BoardTask) : undefined),
    workerOf: () => worker,
  }) as unknown as Board;

function refusalOf(work: () => unknown): string {
  try {
    work();
    return '';
  } catch (error) {
    const { status, document } = error as Problem;
    return `${status} ${document.detail} ${document.hint ?? ''}`.trim();
  }
}

test('a task of this process is found, by its name or as the only one', () => {
  const live = { spec: { name: 'mine' } } as LiveTask;
  const options = { board: fakeBoard(['mine'], undefined), tasks: () => [live] };
  expect(findLive(options, 'mine')).toBe(live);
  expect(findLive(options, undefined)).toBe(live);
});

test.each([
  [['one'], 'pod-1', 'one', '404 This process does not work on task one. pod-1 does: ask there.'],
  [['one'], 'pod-1', undefined, '404 This process does not work on task one. pod-1 does: ask there.'],
  [
    ['one'],
    undefined,
    'one',
    '404 This process does not work on task one. No instance is at work on it now.',
  ],
  [['one'], 'pod-1', 'two', '404 There is no such task.'],
  [[], undefined, undefined, '404 There is no such task.'],
])('of %j, worked on by %s, asked for %s: %s', (names, worker, asked, said) => {
  const options = { board: fakeBoard(names, worker), tasks: () => [] };
  expect(refusalOf(() => findLive(options, asked))).toBe(said);
});
