/** What of a sync is not in the container yet though a reconciliation has ended. */
import { expect, test } from '@jest/globals';
import { writtenToProblem } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import {
  noState,
  type ProblemState,
  type SyncState,
  undoneIn,
} from '../../../../../../plugins/devsync/session/status/state.ts';

const problem = (more: Partial<ProblemState> = {}): ProblemState => ({
  path: 'a',
  side: 'container',
  problem: 'no room',
  ...more,
});

test.each<[string, Partial<SyncState>, string | undefined]>([
  ['nothing', {}, ''],
  ['what has failed, and fails again', { problems: [problem(), problem({ path: 'b' })] }, '2 problems'],
  ['conflicts', { problems: [problem()], conflictCount: 3 }, '1 problem, 3 conflicts'],
  ['what waits', { message: 'large files wait', conflictCount: 1 }, '1 conflict, large files wait'],
  ['a first failure, which is tried again right away', { problems: [problem({ passing: true })] }, undefined],
  [
    'a file that is written to all the time, which nobody waits for',
    { problems: [problem({ problem: writtenToProblem, passing: true })] },
    '1 problem',
  ],
])('%s', (_, state, undone) => {
  expect(undoneIn({ ...noState, ...state })).toBe(undone);
});
