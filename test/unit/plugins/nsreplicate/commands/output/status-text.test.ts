/** What `status` says of who is at work. */
import { expect, test } from '@jest/globals';
import {
  describeHolder,
  describeTask,
  standing,
  tasksTable,
} from '../../../../../../plugins/nsreplicate/commands/output/status-text.ts';
import type { TaskStatus } from '../../../../../../plugins/nsreplicate/state/state.ts';

const holder = {
  holder: 'alice@laptop pid=42 id=ab',
  since: '2026-01-01T00:00:00Z',
  renewed: '2026-01-01T00:10:00Z',
  staleAfterMs: 8000,
  purpose: 'nsreplicate watch',
};

test('a task that should be at work says who holds it, and when that was last said', () => {
  const [line, ...more] = describeHolder({ phase: 'Watching', atWork: true }, holder);
  expect(line).toContain('alice@laptop, who last said so at 2026-01-01T00:10:00Z');
  expect(line).not.toContain('pid=');
  expect(more).toEqual([]);
});

test('a task whose state says that it is at work, and that nobody holds, is not at work', () => {
  expect(describeHolder({ phase: 'Watching', atWork: false }, null)).toEqual([
    '  nobody is at work: all of this is as it was last written',
  ]);
  const [line] = describeHolder({ phase: 'Watching', atWork: false }, holder);
  expect(line).toContain('nobody is at work since 2026-01-01T00:10:00Z, by the clock of alice@laptop');
  expect(
    standing({
      behind: { pending: 0, oldestMs: 0, p50Ms: undefined, p99Ms: undefined },
      failed: 0,
      isOver: true,
    }),
  ).toBe('was up to date when that was last written');
  const left = {
    task: 'a',
    phase: 'Watching',
    primary: { name: 'p' },
    objects: 0,
    replicas: [],
    atWork: false,
  };
  const { rows } = tasksTable([left as unknown as TaskStatus]);
  expect(rows.map((row) => row.join(' '))).toEqual(['a nobody at work p - 0 - - -']);
});

test('nothing is said of a task that ended; where Leases may not be read it is said that it is not known', () => {
  expect(describeHolder({ phase: 'Stopped' }, null)).toEqual([]);
  expect(describeHolder({ phase: 'Done' }, holder)).toEqual([]);
  expect(describeHolder({ phase: 'Watching' }, undefined)).toEqual([
    "  whether somebody is at work can't be known here: its Lease may not be read",
  ]);
});

test.each([
  [3, 3, undefined, '3 failing, 3 of them wait for `retry`'],
  [10, 10, 10, '10 failing, 10 of them wait for `approve`'],
  [12, 11, 10, '12 failing, 10 of them wait for `approve`, 1 for `retry`'],
])('%d failing, %d parked and %s of these not approved', (failed, parked, unapproved, line) => {
  const replica = {
    ...{ name: 'b', behind: { pending: 0, oldestMs: 0 }, failed, parked, unapproved },
    ...{ foreign: 0, left: {}, unlisted: {}, lacks: [] },
  };
  const status = {
    ...{ task: 'a', phase: 'Watching', primary: { name: 'p' }, objects: 1, kinds: [], skipped: {} },
    ...{ failures: [], notes: [], replicas: [replica] },
  };
  expect(describeTask(status as unknown as TaskStatus)).toContain(`\n    ${line}`);
});

test('a task is in the table also where it has no replica, and where a newer version wrote it', () => {
  const fenced = { task: 'a', phase: 'Fenced', primary: { name: 'p' }, objects: 0, replicas: [] };
  const { rows } = tasksTable([fenced as unknown as TaskStatus], [{ task: 'b', schema: '3' }]);
  expect(rows.map((row) => row.join(' '))).toEqual(['a Fenced p - 0 - - -', 'b newer version - - - - - -']);
});

test.each([
  [0, 'too many; none waits now, and those that come wait for `approve`'],
  [2, 'too many; `approve` lets them go on'],
])('deletions that are stopped while %d wait', (count, said) => {
  const replica = {
    ...{ name: 'b', behind: { pending: 0 }, failed: 0, left: {}, foreign: 0, lacks: [], unlisted: {} },
    ...{ deletionsStopped: 'too many', waiting: { count, digest: 'd', objects: [] } },
  };
  const status = {
    ...{ task: 'a', phase: 'Watching', primary: { name: 'p' }, objects: 0, kinds: [], skipped: {} },
    ...{ failures: [], notes: [], replicas: [replica] },
  };
  expect(describeTask(status as unknown as TaskStatus)).toContain(`deletions are stopped: ${said}`);
});
