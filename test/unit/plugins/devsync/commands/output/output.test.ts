import { expect, test } from '@jest/globals';
import { reportFindings } from '../../../../../../plugins/devsync/commands/output/findings.ts';
import { syncTable, trashTable } from '../../../../../../plugins/devsync/commands/output/output-tables.ts';
import {
  conflictHint,
  openText,
  planText,
  restText,
} from '../../../../../../plugins/devsync/commands/output/output-text.ts';
import { noActivity } from '../../../../../../plugins/devsync/session/status/activity.ts';
import { noState } from '../../../../../../plugins/devsync/session/status/state.ts';
import { renderTable } from '../../../../../../src/cli/table.ts';
import type { TaskRecord } from '../../../../../../src/tasks/record.ts';
import { specOf } from '../../support/specs.ts';

test('what differs is never called the same', () => {
  const conflict = { path: 'a', reason: 'both changed', local: '', container: '' };
  const problem = { path: 'b', side: 'local', problem: 'no' } as const;
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
    problems: [],
    held: undefined,
  };
  expect(planText(plan)).toBe(
    'With container app of pod web-0:\n← a [31m gpj: nothing becomes a file (created)',
  );
  const item = { operation: '2026', path, size: 1, side: 'local' };
  const line = ' local   1 B    a\\u{1b}[31m\\u{d}\\u{202e}gpj\n';
  expect(renderTable(trashTable([item]), { wide: false })).toContain(line);
});

test('what cannot be read is shown by plan, and is not the same', () => {
  const problem = { path: 'secret', side: 'local', problem: 'permission denied' } as const;
  const plan = {
    pod: 'web-0',
    container: 'app',
    makes: undefined,
    changes: [],
    conflicts: [],
    held: undefined,
  };
  expect(planText({ ...plan, problems: [] })).toMatch(/Both sides are the same/);
  const text = planText({ ...plan, problems: [problem] });
  expect(text).toBe('With container app of pod web-0:\n✗ secret (local): permission denied');
  expect(openText({ conflicts: [], problems: [problem] })).toBe('1 problem');
});

test('get counts problems and names the first one', () => {
  const problem = { path: 'a', side: 'container', problem: 'no space left' } as const;
  const kept = { metadataFolders: { local: '', container: '' }, remarks: [] };
  const running = {
    pod: 'web-0',
    container: 'app',
    launcher: 'exec',
    location: '',
    ...kept,
    refusals: [],
    reloads: [],
    activity: noActivity,
  };
  const state = { ...noState, ...running, phase: 'watching', problems: [problem, problem, problem] } as const;
  const record = {} as TaskRecord;
  const sync = { name: 'web', namespace: 'shop', uid: 'u', spec: specOf('/here', '/there'), record };
  const rows = [{ sync, state, isHere: true }];
  expect(renderTable(syncTable(rows, new Date()), { wide: false })).toMatch(
    /PROBLEMS[\s\S]*web .* web-0 +app .* 3/,
  );
  expect(renderTable(syncTable(rows, new Date()), { wide: true })).toMatch(
    /a \(container\): no space left and 2 more problems/,
  );
  const silent = [{ sync, state: undefined, isHere: true, silent: 'nothing was heard' }];
  expect(renderTable(syncTable(silent, new Date()), { wide: true })).toMatch(
    /not answering.*nothing was heard/,
  );
});

test('a decision is offered where it moves something', () => {
  const conflict = { path: 'a', local: '', container: '' };
  const changed = { ...conflict, reason: 'both changed' };
  const blocked = { ...conflict, reason: 'in the way' };
  expect(conflictHint([changed], 'resolve web')).toBe('resolve web settles one.');
  expect(conflictHint([blocked], 'resolve web')).toMatch(/^What is "in the way" is ignored/);
  expect(conflictHint([changed, blocked], 'resolve web')).toMatch(/^resolve web settles one\. What is/);
});

test('what is left with ignored files only is said', () => {
  const state = {
    ...noState,
    phase: 'watching',
    leftovers: [{ path: 'build', side: 'container' }],
  } as const;
  expect(restText(state)).toBe(
    'Both sides are the same. One side alone has, with nothing but ignored files: build (container).',
  );
});

test('a failed check is a failure, and a missing right is what the cluster does not allow', () => {
  const of = (check: string, verdict: 'ok' | 'note' | 'failed') => ({ check, verdict, message: '' });
  const codeOf = (...findings: ReturnType<typeof of>[]) => reportFindings(findings).error?.exitCode;
  expect(codeOf(of('API server', 'ok'), of('permissions', 'note'))).toBeUndefined();
  expect(codeOf(of('permissions', 'ok'), of('agent image', 'failed'))).toBe(1);
  expect(codeOf(of('permissions', 'failed'), of('agent image', 'failed'))).toBe(4);
});
