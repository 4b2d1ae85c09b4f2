import { describe, expect, test } from '@jest/globals';
import type { JobRecord } from '../../../../../plugins/nsreplicate/jobs/records.ts';
import type { Board, BoardTask } from '../../../../../plugins/nsreplicate/server/tasks/board.ts';
import { EventStreams } from '../../../../../plugins/nsreplicate/server/tasks/event-stream.ts';
import { jobId } from '../../../../../plugins/nsreplicate/server/tasks/job-id.ts';
import { taskDocument } from '../../../../../plugins/nsreplicate/server/tasks/task-document.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

describe('the id of a job', () => {
  const job: JobRecord = {
    change: 'd1:abc',
    kind: 'ConfigMap',
    namespace: 'shop',
    name: 'a',
    replica: 'standby',
    state: 'failed',
    attempts: 1,
    startedAt: '2026-01-01T00:00:00Z',
  };

  test('stays while it is the same change, however often it is tried', () => {
    const later = { ...job, attempts: 6, state: 'done' as const, startedAt: '2026-01-02T00:00:00Z' };
    expect(jobId('dr', later)).toBe(jobId('dr', job));
  });

  test('is another one for anything that it is made of', () => {
    const others = [
      jobId('other', job),
      ...[
        { change: 'deleted' },
        { kind: 'Secret' },
        { namespace: 'pay' },
        { name: 'b' },
        { replica: 'far' },
      ].map((more) => jobId('dr', { ...job, ...more })),
    ];
    expect(new Set([...others, jobId('dr', job)]).size).toBe(others.length + 1);
  });
});

const task = {
  name: 'dr',
  atWork: true,
  control: {
    paused: false,
    approval: '',
    retry: undefined,
    askedFor: [
      { at: '2026-01-01T00:00:00Z', by: 'ann', what: 'retry', about: 'Secret pay/hidden on standby' },
    ],
  },
  status: {
    task: 'dr',
    phase: 'Watching',
    startedAt: '2026-01-01T00:00:00Z',
    primary: { name: 'prod', server: 'https://10.0.0.1' },
    replicas: [
      {
        name: 'standby',
        server: 'https://10.0.0.2',
        behind: { pending: 1, oldestMs: 5, p50Ms: undefined, p99Ms: undefined },
        running: 0,
        retrying: 0,
        counts: {},
        done: {},
        failed: 0,
        parked: 0,
        left: {},
        foreign: 0,
        deletionsStopped: '12 deletions in namespace pay',
        waiting: { count: 12, digest: 'd', objects: ['Secret pay/hidden'] },
        lacks: ['ServiceAccount pay/robot (for Deployment pay/web)'],
        unlisted: {},
      },
    ],
    kinds: ['Secret'],
    objects: 1,
    skipped: {},
    failures: [],
    notes: ['namespace pay is not there'],
  },
} as BoardTask;

test('who is let into some namespaces only sees no name of an object, and no address of a server', () => {
  const shown = JSON.stringify(taskDocument(task, { namespaces: ['shop'] }));
  expect(shown).not.toMatch(/pay|hidden|10\.0\.0/);
  expect(shown).toContain('"count":12');
  expect(JSON.stringify(taskDocument(task, {}))).toContain('Secret pay/hidden');
});

describe('streams of events', () => {
  const fakeBoard = {
    newer: [],
    tasks: () => [task],
    versions: () => ({ jobs: 1, status: '1' }),
  } as unknown as Board;
  const caller = { name: 'ann', role: 'viewer' } as const;
  const fail = (error: unknown) => {
    throw error;
  };

  test('begin with all tasks, and end when the token is over', async () => {
    const ended = new AbortController();
    const streams = new EventStreams(fakeBoard, systemClock, fail);
    const stream = streams.open(caller, async () => undefined);
    const running = streams.run(ended.signal);
    let heard = '';
    for await (const chunk of stream) heard += chunk;
    expect(heard).toMatch(/^event: task\ndata: \{"name":"dr".*\}\n\nevent: jobs\n/);
    ended.abort();
    await running;
  });

  test('are so many for one person, and no more', () => {
    const streams = new EventStreams(fakeBoard, systemClock, fail);
    for (let one = 0; one < 16; one++) streams.open(caller, async () => caller);
    expect(() => streams.open(caller, async () => caller)).toThrow('Too many');
    streams.open({ ...caller, name: 'bob' }, async () => caller);
  });

  test('of a client that does not read are given up', async () => {
    const ended = new AbortController();
    const large = { ...task, status: { ...task.status, notes: ['x'.repeat(600_000)] } };
    const board = { ...fakeBoard, tasks: () => [large] } as unknown as Board;
    const streams = new EventStreams(board, systemClock, fail);
    const stream = streams.open(caller, async () => caller);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    const running = streams.run(ended.signal);
    await closed;
    expect(stream.destroyed).toBe(true);
    ended.abort();
    await running;
  });

  test('that fail are ended with a problem that says nothing of why; the others go on', async () => {
    const ended = new AbortController();
    const clock = fakeClock();
    const defects: unknown[] = [];
    const streams = new EventStreams(fakeBoard, clock, (error) => defects.push(error));
    const broken = streams.open(caller, () => Promise.reject(new Error('inner.example')));
    const whole = streams.open(caller, async () => caller);
    const heardOf = (stream: typeof broken) => {
      const heard = { text: '', over: false };
      stream.on('data', (chunk) => {
        heard.text += chunk;
      });
      stream.on('end', () => {
        heard.over = true;
      });
      return heard;
    };
    const [first, second] = [heardOf(broken), heardOf(whole)];
    const running = streams.run(ended.signal);
    await clock.advance(20_000);
    expect(first.text).toMatch(/event: problem\ndata: \{"type":"about:blank".*"status":500.*\}\n\n$/);
    expect(first.text).not.toContain('inner.example');
    expect([defects.length, first.over, second.over]).toEqual([1, true, false]);
    expect(second.text).toMatch(/: still here\n\n$/);
    ended.abort();
    await running;
  });

  test('that can not begin are no streams', () => {
    const unreadable = { ...task, status: { ...task.status, failures: undefined } };
    const board = { ...fakeBoard, tasks: () => [unreadable] } as unknown as Board;
    const streams = new EventStreams(board, fakeClock(), fail);
    for (let one = 0; one < 20; one++)
      expect(() => streams.open(caller, async () => caller)).toThrow('undefined');
  });
});
