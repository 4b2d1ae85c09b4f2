/** What a resource's conditions count. */
import { expect, test } from '@jest/globals';
import { isThrough, workOf } from '../../../../../plugins/nsreplicate/controller/work.ts';
import { explain } from '../../../../../plugins/nsreplicate/decide/outcomes.ts';
import type { ReplicaStatus, TaskStatus } from '../../../../../plugins/nsreplicate/state/state.ts';

const statusWith = (replica: Partial<ReplicaStatus>): TaskStatus => ({
  task: 't',
  phase: 'Watching',
  startedAt: '2026-01-01T00:00:00Z',
  primary: { name: 'local', server: 'https://local.invalid' },
  replicas: [{ behind: { pending: 0, oldestMs: 0 }, failed: 0, left: {}, ...replica } as ReplicaStatus],
  kinds: ['ConfigMap'],
  objects: 42,
  skipped: {},
  failures: [],
  notes: ['a note'],
});

test('what is not copied is not counted among what is kept the same', () => {
  const left = { [explain('came-from-there')]: 40, [explain('keys-of-others')]: 1 };
  expect(workOf(statusWith({ left }), [], { compared: true })).toMatchObject({
    objects: 2,
    left,
    notes: ['a note'],
  });
});

test.each<[string, Partial<ReplicaStatus>]>([
  ['something waits', { behind: { pending: 1, oldestMs: 5, p50Ms: 0, p99Ms: 0 } as never }],
  ['something fails', { failed: 1 }],
  ['deletions are stopped', { deletionsStopped: 'too many' }],
  ['the replica does not answer', { away: 'no route' }],
  ['a kind could not be listed', { unlisted: { ConfigMap: 'forbidden' } }],
])('it is not through while %s', (_, replica) => {
  const how = { compared: true, leaving: true };
  expect(isThrough(workOf(statusWith({}), [], how))).toBe(true);
  expect(isThrough(workOf(statusWith({}), [], { ...how, compared: false }))).toBe(false);
  expect(isThrough(workOf(statusWith(replica), [], how))).toBe(false);
});
