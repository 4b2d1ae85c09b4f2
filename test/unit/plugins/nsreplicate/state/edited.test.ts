/** What lies in the cluster as a person edited it, or as an older version wrote it: it is data, and nobody falls over it. */
import { expect, test } from '@jest/globals';
import { describeTask, tasksTable } from '../../../../../plugins/nsreplicate/commands/output/status-text.ts';
import { workOf } from '../../../../../plugins/nsreplicate/controller/work.ts';
import { JobRecords, parseShard } from '../../../../../plugins/nsreplicate/jobs/records.ts';
import { taskDocument } from '../../../../../plugins/nsreplicate/server/tasks/task-document.ts';
import { controlOf } from '../../../../../plugins/nsreplicate/state/control.ts';
import { readPromotion } from '../../../../../plugins/nsreplicate/state/promotion.ts';
import { blankState, savedStateOf } from '../../../../../plugins/nsreplicate/state/saved-state.ts';
import { statusIn, type TaskStatus } from '../../../../../plugins/nsreplicate/state/state.ts';
import { metadataOf } from '../../../../../plugins/nsreplicate/state/task-objects.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const whole: TaskStatus = {
  task: 'dr',
  phase: 'Watching',
  startedAt: '2026-01-01T00:00:00.000Z',
  guardedBy: 'krm',
  primary: { name: 'prod', server: 'https://a', problem: 'away', unlisted: { Secret: 'no' } },
  replicas: [
    {
      ...{ name: 'standby', server: 'https://b', away: 'gone', uncompared: 1, unapproved: 1 },
      behind: { pending: 1, oldestMs: 5, p50Ms: 2, p99Ms: 3 },
      ...{ running: 1, retrying: 2, failed: 3, parked: 4, foreign: 5 },
      ...{ counts: { created: 1 }, done: { updated: 2 }, left: { 'not-ours': 3 }, unlisted: { Pod: 'no' } },
      ...{ deletionsStopped: 'too many', waiting: { count: 1, digest: 'd', objects: ['Secret a/b'] } },
      lacks: ['ServiceAccount a/b'],
    },
  ],
  kinds: ['Secret'],
  objects: 7,
  skipped: { owned: 1 },
  failures: [{ replica: 'standby', kind: 'Secret', reason: 'webhook', count: 2 }],
  notes: ['a note'],
};

const read = (status: unknown) =>
  statusIn({ metadata: metadataOf('dr', 'state'), data: { status: JSON.stringify(status) } });

/** Whatever is told of a task: the service's document, the table, the text, a KRMSyncer's conditions. */
const tell = (status: TaskStatus) => [
  taskDocument({ name: 'dr', status, atWork: true, control: controlOf(undefined) }, {}),
  tasksTable([status]),
  describeTask(status),
  workOf(status, [], { compared: true, leaving: false }),
];

/** The same value with each of its fields, at any depth, taken away or replaced by something else. */
function* edited(value: object, otherwise: readonly unknown[]): Generator<[path: string, unknown]> {
  for (const [key, inner] of Object.entries(value)) {
    const put = (one: unknown) =>
      Array.isArray(value) ? value.with(Number(key), one) : { ...value, [key]: one };
    for (const one of otherwise) yield [key, put(one)];
    if (typeof inner === 'object' && inner !== null)
      for (const [path, one] of edited(inner, otherwise)) yield [`${key}.${path}`, put(one)];
  }
}

test('a status that is whole is read as it was written', () => {
  expect(read(whole)).toEqual(whole);
});

test('a status is told of, whichever of its fields was taken away or is of another type', () => {
  let count = 0;
  for (const [path, value] of edited(whole, [undefined, null, 'text', -1, [null], { a: null }, true])) {
    const status = read(value);
    expect([path, status?.task]).toEqual([path, path === 'task' ? expect.any(String) : 'dr']);
    expect(() => tell(status as TaskStatus)).not.toThrow();
    count++;
  }
  expect(count).toBeGreaterThan(250);
});

test.each(['', 'null', '[]', '7', '"text"', '{'])('%j is no status', (text) => {
  expect(statusIn({ metadata: metadataOf('dr', 'state'), data: { status: text } })).toBeUndefined();
});

test('of a task whose status does not say that it ended, the Lease decides', () => {
  expect(read({ ...whole, phase: 'Resting' })?.phase).toBe('Watching');
});

test('what is saved is read whole; what would stop deletions stops them, however it is written', () => {
  const brakes = { standby: { deletions: [{ at: 1, namespace: 'a', count: 2 }], stopped: 'too many' } };
  const saved = { ...blankState(), primary: 'A', covered: { Secret: ['a'] }, map: { a: 'b' }, brakes };
  expect(savedStateOf(JSON.parse(JSON.stringify(saved)))).toEqual(saved);
  expect(savedStateOf(undefined)).toEqual(blankState());
  const other = { primary: 7, formerPrimaries: 'AB', brakes: { standby: { stopped: true } }, covered: [] };
  expect(savedStateOf(other)).toEqual({
    ...blankState(),
    primary: '7',
    brakes: { standby: { deletions: [], stopped: 'true' } },
  });
});

test('lines of jobs that say of no object how it stands are left out', () => {
  const job = { kind: 'Secret', name: 'b', replica: 'standby', state: 'done' };
  const lines = [
    'null',
    '7',
    '[]',
    '{}',
    '{"kind":"Secret"}',
    JSON.stringify({ ...job, state: 'over' }),
    '{',
  ];
  const text = [...lines, JSON.stringify(job)].join('\n');
  const read = {
    ...job,
    change: '',
    namespace: undefined,
    attempts: 0,
    startedAt: new Date(0).toISOString(),
  };
  expect(parseShard(text)).toEqual([read]);
  expect(() => new JobRecords(new Map([['recent', text]]))).not.toThrow();
});

test('requests that name nobody are left out, and a retry without an id is none', () => {
  const asked = { at: '2026-01-01T00:00:00Z', by: 'ann', what: 'pause' };
  const requests = ['null', '7', '{"at":"x"}', '{', JSON.stringify(asked)].join('\n');
  const control = (retry: string) =>
    controlOf({ metadata: metadataOf('dr', 'control'), data: { requests, retry } });
  expect(control('{"replica":"standby"}')).toMatchObject({ askedFor: [asked], retry: undefined });
  expect(control('null').retry).toBeUndefined();
  expect(control('{"id":"1","replica":"standby"}').retry).toEqual({ id: '1', replicas: ['standby'] });
  expect(control('{"id":"1","replicas":"all","object":"a|b|c"}').retry).toEqual({ id: '1', object: 'a|b|c' });
});

test.each([['null'], ['7'], ['{'], ['[null,"x"]']])(
  'a promotion that left out %s left out nothing',
  async (unfenced) => {
    const kube = fakeKube();
    const data = { epoch: '1', phase: 'Done', startedAt: '', unfenced };
    kube.objects.create('/configmaps', { metadata: metadataOf('dr', 'promotion'), data } as never);
    expect(await readPromotion(kube, 'dr')).toMatchObject({ epoch: 1, unfenced: [] });
    await kube.close();
  },
);
