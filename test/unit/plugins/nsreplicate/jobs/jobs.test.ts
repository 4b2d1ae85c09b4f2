import { describe, expect, test } from '@jest/globals';
import { activeJobs } from '../../../../../plugins/nsreplicate/jobs/active.ts';
import { standingOf } from '../../../../../plugins/nsreplicate/jobs/failing.ts';
import { LagMeter } from '../../../../../plugins/nsreplicate/jobs/lag.ts';
import {
  type JobRecord,
  JobRecords,
  parseShard,
  SHARD_BYTES,
  shardNames,
  textOfJobs,
} from '../../../../../plugins/nsreplicate/jobs/records.ts';
import {
  afterFailure,
  type Failure,
  isParked,
  type RetryState,
} from '../../../../../plugins/nsreplicate/jobs/retry.ts';
import { jobsOf } from '../../../../../plugins/nsreplicate/state/state.ts';

const failure = (change: Partial<Failure> = {}): Failure => ({
  class: 'later',
  reason: 'away',
  message: 'm',
  ...change,
});

describe('retries', () => {
  const failTimes = (times: number, given: Failure): RetryState | undefined => {
    let state: RetryState | undefined;
    for (let index = 0; index < times; index++) state = afterFailure(state, given, () => 0);
    return state;
  };

  test.each([
    [1, 250],
    [2, 500],
    [5, 4000],
    [20, 30_000],
  ])('after %d failures the next try is in %d ms', (times, pause) => {
    expect(failTimes(times, failure())).toMatchObject({ attempts: times, retryInMs: pause });
  });

  test('jitter spreads a pause, up to twice', () => {
    expect(afterFailure(undefined, failure(), () => 0.5).retryInMs).toBe(375);
  });

  test('the server may ask for longer', () => {
    expect(afterFailure(undefined, failure({ retryAfterMs: 9000 }), () => 0).retryInMs).toBe(9000);
  });

  test('an object that is refused again and again is parked; a decision at once; an absence never', () => {
    expect(isParked(failTimes(5, failure({ class: 'object' })) as RetryState)).toBe(false);
    expect(isParked(failTimes(6, failure({ class: 'object' })) as RetryState)).toBe(true);
    expect(isParked(failTimes(1, failure({ class: 'decision' })) as RetryState)).toBe(true);
    expect(isParked(failTimes(500, failure()) as RetryState)).toBe(false);
  });

  test('what no moment brings is tried again now and then, from the first failure on', () => {
    expect(failTimes(1, failure({ class: 'lasting' }))).toMatchObject({ retryInMs: 30_000 });
    expect(failTimes(9, failure({ class: 'lasting' }))).toMatchObject({ retryInMs: 30_000 });
  });
});

describe('lag', () => {
  test('counts from the first sight of a difference to its end', () => {
    const meter = new LagMeter();
    meter.seen('a', 100);
    meter.seen('b', 150);
    meter.seen('a', 190);
    expect(meter.behind(200)).toMatchObject({ pending: 2, oldestMs: 100, p50Ms: undefined });
    meter.done('a', 210);
    expect(meter.behind(250)).toEqual({ pending: 1, oldestMs: 100, p50Ms: 110, p99Ms: 110 });
    meter.forget('b');
    expect(meter.behind(300)).toMatchObject({ pending: 0, oldestMs: 0 });
  });

  test('a change that is seen while an older one is written still waits afterwards, since it was seen', () => {
    const meter = new LagMeter();
    meter.seen('a', 100);
    meter.begun('a');
    meter.seen('a', 120);
    meter.seen('b', 130);
    meter.done('a', 140);
    expect(meter.behind(150)).toMatchObject({ pending: 2, oldestMs: 30, p50Ms: 40 });
    meter.begun('a');
    meter.failed('a', 160);
    meter.begun('a');
    meter.done('a', 170);
    expect(meter.behind(200)).toMatchObject({ pending: 1, oldestMs: 70, p99Ms: 50 });
    // Nothing had to be written: no lag of a change, and nobody waits.
    meter.begun('b');
    meter.done('b', 900, false);
    expect(meter.behind(1000)).toMatchObject({ pending: 0, p99Ms: 50 });
  });

  test('percentiles over the last thousand', () => {
    const meter = new LagMeter();
    for (let index = 0; index < 3000; index++) {
      meter.seen(`${index}`, 0);
      meter.done(`${index}`, index < 1976 ? 9999 : index - 1976);
    }
    expect(meter.behind(0)).toMatchObject({ p50Ms: 512, p99Ms: 1013 });
  });
});

test('jobs at work or waiting are shown after a second, whatever comes before them; failures by themselves', () => {
  const failed = afterFailure(undefined, failure());
  const jobs = activeJobs(
    {
      since: new Map([
        ['young', 9500],
        ['old', 2000],
        ['failed', 1000],
        ['again', 0],
      ]),
      running: new Set(['again']),
      retries: new Map([
        ['failed', failed],
        ['again', failed],
      ]),
      clock: { monotonic: () => 10_000, now: () => new Date('2026-01-01T00:00:10Z') },
      record: (name, standing) => ({
        change: 'd1:x',
        kind: 'ConfigMap',
        namespace: 'n',
        name,
        replica: 'r',
        ...standing,
      }),
    },
    1,
  );
  expect(jobs).toMatchObject([
    { name: 'old', state: 'pending', attempts: 0, startedAt: '2026-01-01T00:00:02.000Z' },
    { name: 'again', state: 'running', attempts: 2, startedAt: '2026-01-01T00:00:00.000Z' },
  ]);
});

describe('job records', () => {
  const job = (name: string, change: Partial<JobRecord> = {}): JobRecord => ({
    change: 'd1:x',
    kind: 'ConfigMap',
    namespace: 'n',
    name,
    replica: 'r',
    state: 'done',
    attempts: 1,
    startedAt: '2026-01-01T00:00:00Z',
    ...change,
  });
  const failed = (name: string, reason = 'webhook', message = '') =>
    job(name, { state: 'failed', reason, message });

  test('the newest state of a job replaces the older one', () => {
    const records = new JobRecords();
    records.put(failed('a'));
    expect(records.failed).toHaveLength(1);
    records.put(job('a'));
    expect(records.failed).toEqual([]);
    expect(records.recent).toEqual([job('a')]);
    // Taken down when somebody looks: then it is the same as if it had been at once.
    records.put(failed('b'));
    records.done(() => job('b'));
    expect(records.failed).toEqual([]);
    let asked = 0;
    for (let index = 0; index < 5000; index++)
      records.done(() => {
        asked++;
        return job(`done-${index}`);
      });
    expect(records.recent.at(-1)).toEqual(job('done-4999'));
    expect(records.recent.length).toBeGreaterThan(100);
    expect(asked).toBeLessThan(600);
    expect(records.takeDirty()?.text).toContain('done-4999');
  });

  test('are read with those that fail first, then those at work, then those done, the newest first', () => {
    const records = new JobRecords();
    const at = (second: number) => ({ finishedAt: `2026-01-01T00:00:0${second}Z` });
    const put = [
      ...[job('first', at(1)), { ...failed('fails'), ...at(2) }, job('second', at(3))],
      ...[{ ...failed('fails-too'), ...at(4) }, { ...failed('tried-again'), ...at(5) }, job('third', at(6))],
    ];
    for (const one of put) records.put(one);
    const texts = new Map(shardNames.map((name) => [name, '']));
    for (let shard = records.takeDirty(); shard; shard = records.takeDirty())
      texts.set(shard.name as (typeof shardNames)[number], shard.text);
    const active = textOfJobs([job('tried-again', { state: 'running' })]);
    expect(jobsOf(texts, active).map(({ name, state }) => `${name} ${state}`)).toEqual([
      ...['fails-too failed', 'fails failed', 'tried-again running'],
      ...['third done', 'second done', 'first done'],
    ]);
  });

  test('however many fail, shards stay small and counts exact', () => {
    const records = new JobRecords();
    for (let index = 0; index < 5000; index++)
      records.put(failed(`object-${index}`, index % 2 === 0 ? 'webhook' : 'invalid', 'x'.repeat(1000)));
    const sizes = [];
    for (let shard = records.takeDirty(); shard; shard = records.takeDirty())
      sizes.push(Buffer.byteLength(shard.text));
    expect(sizes).toHaveLength(5);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(SHARD_BYTES);
    expect(records.groups).toEqual([
      { replica: 'r', kind: 'ConfigMap', reason: 'invalid', count: 2500 },
      { replica: 'r', kind: 'ConfigMap', reason: 'webhook', count: 2500 },
    ]);
    for (let index = 0; index < 5000; index++) records.put(job(`object-${index}`));
    expect(records.groups).toEqual([]);
  });

  test('of several replicas too, whatever they are called and say', () => {
    const records = new JobRecords();
    const replicas = ['standby', 'zweites-rechenzentrum-münchen', 'c'];
    for (const replica of replicas)
      for (let index = 0; index < 1200; index++)
        records.put({ ...failed(`object-${index}`, 'webhook', '"ü\n'.repeat(200)), replica });
    for (let index = 0; index < 700; index++) records.forget(`c|ConfigMap|n/object-${index}`);
    for (let shard = records.takeDirty(); shard; shard = records.takeDirty())
      expect(Buffer.byteLength(shard.text)).toBeLessThanOrEqual(SHARD_BYTES);
    const counts = records.groups.map(({ replica, count }) => [replica, count]);
    expect(counts).toEqual([
      ['standby', 1200],
      ['zweites-rechenzentrum-münchen', 1200],
      ['c', 500],
    ]);
  });

  test('a failure that turns into another is counted once', () => {
    const records = new JobRecords();
    records.put(failed('a', 'webhook'));
    records.put(failed('a', 'invalid'));
    expect(records.groups).toEqual([{ replica: 'r', kind: 'ConfigMap', reason: 'invalid', count: 1 }]);
    records.forget('r|ConfigMap|n/a');
    expect(records.groups).toEqual([]);
  });

  test('only what changed is written, in turn, and again where writing failed', () => {
    const records = new JobRecords();
    expect(records.takeDirty()).toBeUndefined();
    records.put(failed('a'));
    const names = [records.takeDirty()?.name, records.takeDirty()?.name];
    expect(names).toContain('recent');
    expect(records.takeDirty()).toBeUndefined();
    records.putBack('recent');
    expect(parseShard(records.takeDirty()?.text ?? '')).toEqual([{ ...failed('a') }]);
  });

  test('a message is one line, as servers that list what they refuse do not write it', () => {
    const records = new JobRecords();
    records.put({ ...failed('a'), message: 'not held:\n{pods}\n  {secrets}' });
    expect(records.failed[0]?.message).toBe('not held: {pods} {secrets}');
  });

  test('lines that can not be read are left out', () => {
    const readable = job('a');
    expect(parseShard(`${JSON.stringify(readable)}\nnot json\n{"name":"b"}\n`)).toEqual([readable]);
  });
});

test('a failed job that is not tried again by itself is parked, in tables and wherever states are chosen', () => {
  expect(standingOf({ state: 'failed' })).toBe('failed');
  expect(standingOf({ state: 'failed', parked: true })).toBe('parked');
  expect(standingOf({ state: 'done', parked: false })).toBe('done');
});
