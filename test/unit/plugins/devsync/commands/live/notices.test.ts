import { expect, test } from '@jest/globals';
import { NoticeFinder } from '../../../../../../plugins/devsync/commands/live/notices.ts';
import {
  noRunnerState,
  type RunnerState,
} from '../../../../../../plugins/devsync/session/runner/runner-state.ts';

const sync = (state: Partial<RunnerState> | undefined) => [
  {
    ...{ uid: 'u', name: 'web', namespace: 'shop', trouble: '', rate: 0 },
    state: state && { ...noRunnerState, phase: 'watching' as const, ...state },
  },
];
const conflicts = (...paths: string[]) => ({
  conflicts: paths.map((path) => ({ path, reason: 'both changed', local: '', container: '' })),
  conflictCount: paths.length,
});

test('each thing that needs a person is told of once', () => {
  const finder = new NoticeFinder();
  const texts = (state: Partial<RunnerState> | undefined) => finder.of(sync(state)).map(({ text }) => text);
  expect(texts(undefined)).toEqual([]);
  expect(texts({})).toEqual([]);
  expect(texts(conflicts('a'))).toEqual(['1 conflict: a']);
  expect(texts(conflicts('a'))).toEqual([]);
  expect(texts({ phase: 'held', message: 'all is gone', ...conflicts('a') })).toEqual(['held: all is gone']);
  // The stream was lost: what is known already is not new afterwards.
  expect(texts({ phase: 'connecting' })).toEqual([]);
  expect(texts(conflicts('a'))).toEqual([]);
  expect(texts(conflicts('a', 'b'))).toEqual(['2 conflicts: b']);
  expect(texts({})).toEqual([]);
  expect(texts(conflicts('a'))).toEqual(['1 conflict: a']);
  const reload = { rule: '*=exec:make', message: 'ended with 2', runs: 1, lastRun: '2026-01-01T00:00:00Z' };
  const failed = { reloads: [{ ...reload, phase: 'failed' as const }] };
  expect(texts(failed)).toEqual(['reload *=exec:make failed: ended with 2']);
  expect(texts(failed)).toEqual([]);
  const again = { reloads: [{ ...reload, phase: 'failed' as const, lastRun: '2026-01-01T00:00:09Z' }] };
  expect(texts(again)).toEqual(['reload *=exec:make failed: ended with 2']);
});
