import { expect, test } from '@jest/globals';
import { ChangeLog } from '../../../../../../plugins/nsreplicate/commands/live/change-log.ts';
import { renderTask } from '../../../../../../plugins/nsreplicate/commands/live/render.ts';
import type { JobRecord } from '../../../../../../plugins/nsreplicate/jobs/records.ts';
import type { ReplicaStatus, TaskStatus } from '../../../../../../plugins/nsreplicate/state/state.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';

const replica = (name: string, change: Partial<ReplicaStatus> = {}): ReplicaStatus => ({
  name,
  server: '',
  behind: { pending: 0, oldestMs: 0, p50Ms: 12, p99Ms: 40 },
  running: 0,
  retrying: 0,
  counts: {},
  done: {},
  failed: 0,
  parked: 0,
  left: {},
  foreign: 0,
  lacks: [],
  unlisted: {},
  ...change,
});

const status = (replicas: ReplicaStatus[], change: Partial<TaskStatus> = {}): TaskStatus => ({
  task: 'dr',
  phase: 'Watching',
  startedAt: '',
  primary: { name: 'prod', server: '' },
  replicas,
  kinds: ['ConfigMap'],
  objects: 214,
  skipped: {},
  failures: [],
  notes: [],
  ...change,
});

function drawn(
  of: TaskStatus | undefined,
  { failed = [] as JobRecord[], rows = 40, log = new ChangeLog(fakeClock()) } = {},
) {
  const lines = renderTask(
    { status: of, failed, changes: log },
    { rows, now: new Date('2026-01-01T00:00:10Z') },
  );
  return lines.map((line) => line.map(({ text }) => text).join(''));
}

test('replicas are one below the other, with lag, queue, rate and the last change', () => {
  const clock = fakeClock();
  const log = new ChangeLog(clock);
  for (let index = 0; index < 10; index++)
    log.meters.done('standby', 'ConfigMap|shop|c', 'updated', clock.now(), 5);
  const behind = { pending: 3, oldestMs: 1500, p50Ms: 12, p99Ms: 40 };
  const lines = drawn(status([replica('standby', { behind, running: 2, retrying: 1 }), replica('eu')]), {
    log,
  });
  expect(lines.slice(0, 3)).toEqual([
    'dr: Watching, 214 objects of 1 kind from prod',
    '  standby  3 objects behind, the oldest for 1.5s, lag p50 12 ms, p99 40 ms · 2 under way · 1 to be tried again · 2.0/s · last updated ConfigMap shop/c',
    '  eu       up to date, lag p50 12 ms, p99 40 ms',
  ]);
});

test('what fails stands below them, with its reason, and the number of the others', () => {
  const failed: JobRecord[] = Array.from({ length: 9 }, (_, index) => ({
    ...{ change: '', kind: 'Secret', namespace: 'shop', name: `s-${index}`, replica: 'eu', state: 'failed' },
    ...{ reason: 'webhook', message: 'no\u001b[2Jway', attempts: 6, startedAt: '', parked: true },
  }));
  const failures = [{ replica: 'eu', kind: 'Secret', reason: 'webhook', count: 30 }];
  const lines = drawn(status([replica('eu', { failed: 30 })], { failures }), { failed });
  expect(lines[1]).toContain('up to date but for 30 objects');
  expect(lines[2]).toBe('  ✗ Secret shop/s-0 on eu: webhook (waits for `retry`) no [2Jway');
  expect(lines.at(-1)).toBe('    and 25 more fail: `jobs --failed`');
});

test('a deletion that is stopped waits for an approval', () => {
  const failed: JobRecord[] = [
    {
      ...{ change: 'deleted', kind: 'Secret', namespace: 'shop', name: 's', replica: 'eu', state: 'failed' },
      ...{ reason: 'brake', message: 'no', attempts: 1, startedAt: '', parked: true },
    },
  ];
  const lines = drawn(status([replica('eu', { failed: 1 })]), { failed });
  expect(lines[2]).toBe('  ✗ Secret shop/s on eu: brake (waits for `approve`) no');
});

test('a replica that is away, and deletions that are stopped, are said', () => {
  const waiting = { count: 7, digest: '', objects: [] };
  const lines = drawn(
    status([replica('eu', { away: 'it does not answer', deletionsStopped: 'too many', waiting })]),
  );
  expect(lines[1]).toContain('away: it does not answer');
  expect(lines[2]).toBe('  ! eu: deletions are stopped, 7 objects wait: too many; `approve`');
});

test('no more lines than there is room for, replicas first', () => {
  const many = status(Array.from({ length: 30 }, (_, index) => replica(`r-${index}`)));
  expect(drawn(many, { rows: 5 })).toHaveLength(5);
  expect(drawn(undefined, { rows: 5 })).toEqual(['waiting for the work to begin …']);
});
