import { expect, test } from '@jest/globals';
import { planText, restText, trashTable } from '../../../../../plugins/devsync/commands/words.ts';
import { noState } from '../../../../../plugins/devsync/session/state.ts';
import { renderTable } from '../../../../../src/cli/table.ts';

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

test('a name from a container does not steer the terminal', () => {
  const path = 'a\u001b[31m\r\u202egpj';
  const change = { path, to: 'local', from: 'nothing', becomes: 'a file', reason: 'created' } as const;
  const plan = {
    pod: 'web-0',
    container: 'app',
    makes: undefined,
    changes: [change],
    conflicts: [],
    held: undefined,
  };
  expect(planText(plan)).toBe(
    'With container app of pod web-0:\n← a [31m gpj: nothing becomes a file (created)',
  );
  const item = { operation: '2026', path, size: 1, side: 'local' };
  expect(renderTable(trashTable([item]), { wide: false })).toMatch(/ {3}a \[31m gpj\n$/);
});
