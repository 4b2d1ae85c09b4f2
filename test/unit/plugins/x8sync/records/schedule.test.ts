/** How a schedule stands: its CronJob, its Jobs, and what their pods say. */
import { describe, expect, test } from '@jest/globals';
import { formatMessage, type MoverOutcome } from '../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import {
  goneScheduleStanding,
  type ScheduleSight,
  scheduleStanding,
} from '../../../../../plugins/x8sync/records/schedule-standing.ts';
import type { CronJob, Job, Pod } from '../../../../../src/kube/api/objects.ts';
import type { TaskRecord } from '../../../../../src/tasks/record.ts';

const claim = (context: string) => ({ kube: { cluster: { context } }, namespace: 'shop', claim: 'data' });
const claims = { source: claim('one'), target: claim('two') };
const now = new Date('2026-11-29T06:12:00Z');
const at = (time: string) => `2026-11-29T${time}Z`;

const record = (first?: object): TaskRecord =>
  ({ task: 'fresh', phase: 'Running', spec: {}, checkpoints: { firstCopy: first } }) as unknown as TaskRecord;

const cronJob = (spec: object = {}, status: object = {}): CronJob =>
  ({
    metadata: {
      name: 'x8sync-fresh-target',
      creationTimestamp: at('05:00:10'),
      annotations: { 'x8s.dev/every': '15m' },
    },
    spec: { schedule: '*/15 * * * *', timeZone: 'Etc/UTC', ...spec },
    status: { lastScheduleTime: at('06:00:00'), ...status },
  }) as unknown as CronJob;

const job = (name: string, born: string, end?: 'Complete' | 'Failed', ended = born): Job =>
  ({
    metadata: { name, uid: name, creationTimestamp: at(born), annotations: { 'x8s.dev/nonce': 'n' } },
    spec: {},
    status: {
      startTime: at(born),
      conditions: end
        ? [{ type: end, status: 'True', reason: 'PodFailurePolicy', lastTransitionTime: at(ended) }]
        : [],
      ...(end === 'Complete' && { completionTime: at(ended) }),
    },
  }) as unknown as Job;

const endLine = (outcome: MoverOutcome, message = '') => {
  const nothing = { failures: [], lost: [], seconds: 1, task: 'fresh', mode: 'merge', code: 0, attempts: 1 };
  const stats = { entries: 3, files: 2, transferredFiles: 1 };
  return formatMessage('end', { nonce: 'n', outcome, message, ...nothing, stats });
};

const pod = (of: string, status: object): Pod =>
  ({
    metadata: { name: `${of}-x`, ownerReferences: [{ uid: of }] },
    spec: { containers: [] },
    status,
  }) as unknown as Pod;
const saying = (of: string, line: string, container = 'target') => {
  const statuses = [{ name: container, state: { terminated: { exitCode: 0, message: line } } }];
  return pod(
    of,
    container === 'target' ? { containerStatuses: statuses } : { initContainerStatuses: statuses },
  );
};

const standing = (sight: Partial<ScheduleSight>, first?: object) =>
  scheduleStanding(
    record(first),
    { cronJob: cronJob(), jobs: [], pods: [], said: [], ...sight },
    claims,
    now,
  );

const good = { jobs: [job('a', '06:00:00', 'Complete', '06:00:20')], pods: [saying('a', endLine('ok'))] };
const lastSuccessfulTime = at('06:00:20');

describe('a schedule', () => {
  test('tells of the last good copy, and when the next one is', () => {
    const { phase, progress, schedule } = standing({ ...good, cronJob: cronJob({}, { lastSuccessfulTime }) });
    expect(phase).toBe('Scheduled');
    expect(progress).toBe('every 15m, last good 11m ago, next in 3m');
    expect(schedule.lastGood).toMatchObject({
      ...{ at: lastSuccessfulTime, message: '1 of 2 files copied, 0 B' },
      ...{ outcome: 'ok', stats: { files: 2, transferredFiles: 1 } },
    });
    expect(schedule.next).toBe('2026-11-29T06:15:00.000Z');
  });

  test('has the first copy for its last good one until there is another, where that was whole', () => {
    const first = { at: at('05:00:00'), message: '2 of 2 files copied', isGood: true };
    expect(standing({}, first).schedule.lastGood).toEqual({ at: first.at, message: first.message });
    const none = standing({}, { ...first, isGood: false });
    expect(none.schedule.lastGood).toBeUndefined();
    expect(none.progress).toMatch(/no good copy yet/);
  });

  test('remembers a good copy whose Job is gone', () => {
    expect(standing({ cronJob: cronJob({}, { lastSuccessfulTime }) }).schedule.lastGood).toEqual({
      at: lastSuccessfulTime,
    });
  });

  test.each<[string, Pod[], RegExp]>([
    ['a mover that could not reach it', [saying('b', endLine('unreachable', 'no answer'))], /no answer/],
    ['files that could not be copied', [saying('b', endLine('partial', 'some'))], /1 of 2 files copied/],
    [
      'a claim in use',
      [saying('b', endLine('refused', 'target claim data is in use by pod db-0'), 'gate')],
      /in use by pod db-0/,
    ],
    ['a pod that is gone', [], /Failed: PodFailurePolicy/],
  ])('fails where the last copy did, with its cause: %s', (_, pods, message) => {
    const jobs = [...good.jobs, job('b', '06:10:00', 'Failed', '06:10:30')];
    const sight = { jobs, pods: [...good.pods, ...pods], cronJob: cronJob({}, { lastSuccessfulTime }) };
    const { phase, progress, schedule } = standing(sight);
    expect(phase).toBe('Failing');
    expect(schedule.lastFailure).toMatchObject({
      at: at('06:10:30'),
      message: expect.stringMatching(message),
    });
    expect(progress).toMatch(/^every 15m, last good 11m ago, the last one, 90s ago, was none: /);
    expect(progress).toMatch(message);
  });

  test('does not fail any more once a later copy is good', () => {
    const jobs = [job('z', '05:45:00', 'Failed'), ...good.jobs];
    expect(standing({ ...good, jobs })).toMatchObject({ phase: 'Scheduled' });
    expect(standing({ ...good, jobs }).schedule.lastFailure).toBeUndefined();
  });

  test('tells of a copy that runs, and of what that waits for', () => {
    const waiting = { conditions: [{ type: 'PodScheduled', status: 'False', message: 'no node' }] };
    const { schedule, progress } = standing({ jobs: [job('c', '06:11:50')], pods: [pod('c', waiting)] });
    expect(progress).toMatch(/one has run for 10s: it can't be scheduled: no node/);
    expect(schedule.running).toEqual({ at: at('06:11:50'), message: "it can't be scheduled: no node" });
  });

  test('says nothing more of a copy that just runs', () => {
    const { progress } = standing({ jobs: [job('c', '06:11:50')], pods: [pod('c', { phase: 'Running' })] });
    expect(progress).toBe('every 15m, no good copy yet, one has run for 10s, next in 3m');
  });

  test('has no next time while it is suspended', () => {
    const { phase, progress } = standing({ cronJob: cronJob({ suspend: true }) });
    expect(phase).toBe('Suspended');
    expect(progress).toBe('every 15m, suspended, no good copy yet');
  });

  test('is late where a copy is due that nobody began, with the reason that the cluster gives', () => {
    const late = cronJob({}, { lastScheduleTime: at('05:45:00') });
    const { phase, schedule } = standing({ cronJob: late, warning: 'Warning FailedCreate: exceeded quota' });
    expect(phase).toBe('Failing');
    expect(schedule.overdue).toEqual({
      at: '2026-11-29T06:00:00.000Z',
      message: 'Warning FailedCreate: exceeded quota',
    });
    expect(standing({ cronJob: late, jobs: [job('c', '06:11:50')] }).schedule.overdue).toBeUndefined();
  });
});

describe('a schedule whose CronJob is not there any more', () => {
  const first = { at: at('05:00:00'), message: '2 of 2 files copied', isGood: true };
  const gone = (sight: Partial<ScheduleSight> = {}, of: object | undefined = first) => {
    const scheduled = Object.assign(record(of), { namespace: 'shop', name: 'x8sync-fresh-target' });
    return goneScheduleStanding(scheduled, { jobs: [], pods: [], said: [], ...sight }, claims, now);
  };
  const back =
    'run the same command again, with its --every, to have it back, or end it: kubectl x8sync cancel fresh';

  test('is Failing, with the last good copy that is known, and what to do', () => {
    const { phase, progress, message, schedule } = gone();
    expect(phase).toBe('Failing');
    expect(progress).toBe(
      `its CronJob shop/x8sync-fresh-target is gone: nothing copies any more, the last good copy that is known was 72m ago; ${back}`,
    );
    expect(message).toBe(progress);
    expect(schedule).toEqual({
      ...{ cronJob: 'shop/x8sync-fresh-target', gone: true },
      lastGood: { at: first.at, message: first.message },
    });
  });

  test('knows of no good copy where the first one was none', () => {
    expect(gone({}, { ...first, isGood: false }).progress).toMatch(
      /nothing copies any more, no good copy is known;/,
    );
  });

  test('tells of what its Jobs say that were left there, and of one that runs still', () => {
    const running = gone({ ...good, jobs: [...good.jobs, job('c', '06:11:50')] });
    expect(running.progress).toMatch(
      /is gone: no copy begins any more, the last good copy that is known was 11m ago, one has run for 10s: .*; run the same/,
    );
    const failed = gone({ jobs: [...good.jobs, job('b', '06:10:30', 'Failed')], pods: good.pods });
    expect(failed.progress).toMatch(/11m ago, the last one, 90s ago, was none: Failed: PodFailurePolicy;/);
  });
});
