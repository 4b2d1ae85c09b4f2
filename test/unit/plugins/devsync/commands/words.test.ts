import { expect, test } from '@jest/globals';
import { restText } from '../../../../../plugins/devsync/commands/words.ts';
import { noState } from '../../../../../plugins/devsync/session/state.ts';

test('what differs is never called the same', () => {
  const conflict = { path: 'a', reason: 'both changed', local: '', container: '' };
  const problem = { path: 'b', place: 'local', problem: 'no' } as const;
  const state = { ...noState, phase: 'watching' } as const;
  expect(restText(state)).toBe('Both sides are the same.');
  expect(restText({ ...state, conflicts: [conflict] })).toBe('Both sides are the same but for 1 conflict.');
  expect(restText({ ...state, conflicts: [conflict], problems: [problem, problem] })).toBe(
    'Both sides are the same but for 1 conflict and 2 problems.',
  );
});
