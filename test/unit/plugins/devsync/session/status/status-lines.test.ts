import { expect, test } from '@jest/globals';
import { noState, type SyncState } from '../../../../../../plugins/devsync/session/status/state.ts';
import { StatusLines } from '../../../../../../plugins/devsync/session/status/status-lines.ts';

const conflict = { path: 'a', reason: 'both changed', local: 'a file', container: 'another one' };
const at = (change: Partial<SyncState>): SyncState => ({
  ...noState,
  phase: 'watching',
  files: 2,
  conflictCount: change.conflicts?.length ?? 0,
  ...change,
});

test('says how a sync rests, once', () => {
  const news = new StatusLines();
  expect(news.of(at({ phase: 'syncing' }))).toBeUndefined();
  expect(news.of(at({}))).toBe('in sync: 2 files');
  expect(news.of(at({ files: 3 }))).toBeUndefined();
  expect(news.of(at({ conflicts: [conflict] }))).toBe('in sync but for 1 conflict (a)');
  expect(news.of(at({ conflicts: [conflict], files: 9 }))).toBeUndefined();
  expect(news.of(at({}))).toBe('in sync: 2 files');
  expect(news.of(at({ phase: 'paused' }))).toBe('paused');
  expect(news.of(at({ phase: 'held', message: 'it is empty' }))).toMatch(/^held: it is empty; .*--confirm/);
  news.begin();
  expect(news.of(at({}))).toBe('in sync: 2 files');
});

test('a problem that is tried again right away is no news; one that lasts is', () => {
  const news = new StatusLines();
  const problem = { path: 'b', side: 'local', problem: 'no space' } as const;
  expect(news.of(at({}))).toBe('in sync: 2 files');
  expect(news.of(at({ problems: [{ ...problem, passing: true }] }))).toBeUndefined();
  expect(news.of(at({ problems: [problem] }))).toBe('in sync but for 1 problem (b: no space)');
});

test('what is tried again is not there: nothing is called in sync because of that', () => {
  const news = new StatusLines();
  const problem = { path: 'b', side: 'container', problem: 'no space' } as const;
  const line = 'in sync but for 1 problem (b: no space)';
  expect(news.of(at({ problems: [{ ...problem, passing: true }] }))).toBe(line);
  expect(news.of(at({ problems: [{ ...problem, passing: true }] }))).toBeUndefined();
  expect(news.of(at({ problems: [problem] }))).toBeUndefined();
  expect(news.of(at({}))).toBe('in sync: 2 files');
});

test('a hold is told when it begins, and when it is another one or about much more', () => {
  const news = new StatusLines();
  const held = (message: string) => news.of(at({ phase: 'held', message })) !== undefined;
  const deleted = (files: number, of = 49) => held(`${files} of ${of} files would be deleted here`);
  expect([deleted(29), deleted(30), deleted(29), deleted(31), deleted(29, 48)]).toEqual([
    ...[true, false, false, false, false],
  ]);
  expect([deleted(58, 80), deleted(60, 80), deleted(29)]).toEqual([true, false, true]);
  expect([held('the directory is empty here'), held('the directory is empty here')]).toEqual([true, false]);
  expect([held('the directory is gone here'), deleted(29)]).toEqual([true, true]);
});

test('a file that is written to all the time is no news each time; one that is never read whole is, once', () => {
  const busy = { path: 'app.log', side: 'container', problem: 'is being written to', passing: true } as const;
  const flapping = new StatusLines();
  const said = Array.from({ length: 99 }, (_, index) =>
    flapping.of(at({ problems: index % 3 === 0 ? [] : [busy] })),
  );
  expect(said.filter((line) => line !== undefined)).toEqual(['in sync: 2 files']);
  const lasting = Array.from({ length: 99 }, () => flapping.of(at({ problems: [busy] })));
  expect(lasting.filter((line) => line !== undefined)).toEqual([
    'in sync but for 1 problem (app.log: is being written to)',
  ]);
});

test('names three paths and no more; says why it polls', () => {
  const conflicts = ['a', 'b', 'c', 'd', ''].map((path) => ({ ...conflict, path }));
  const line = new StatusLines().of(at({ conflicts, degraded: ['the container, as NFS does not tell'] }));
  expect(line).toBe('in sync but for 5 conflicts (a, b, c, …); polling the container, as NFS does not tell');
});
