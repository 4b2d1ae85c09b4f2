/** How a task stands: its record, and what is seen of its mover. */
import { describe, expect, test } from '@jest/globals';
import type { MoverLine } from '../../../../../plugins/x8sync/mover/protocol/mover-lines.ts';
import { formatMessage, type MoverEnd } from '../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import { type Sight, standingOf } from '../../../../../plugins/x8sync/records/standing.ts';
import type { Job, Pod } from '../../../../../src/kube/api/objects.ts';
import type { TaskRecord, TaskState } from '../../../../../src/tasks/record.ts';

const claim = (context: string) => ({ kube: { cluster: { context } }, namespace: 'shop', claim: 'data' });
const claims = { source: claim('one'), target: claim('two') };
const heartbeat = '2026-11-29T01:00:00.000Z';

/** A detached copy: it runs, and no command holds it. */
const recordWith = (state: Partial<TaskState> = {}): TaskRecord =>
  ({ task: 'move', phase: 'Running', spec: {}, checkpoints: {}, heartbeat, ...state }) as TaskRecord;

const jobWith = (conditions: { type: string; reason?: string }[] = []): Job =>
  ({
    metadata: { name: 'x8sync-move-target', annotations: { 'x8s.dev/nonce': 'n1' } },
    spec: {},
    status: { conditions: conditions.map((one) => ({ ...one, status: 'True' })) },
  }) as unknown as Job;

const endLine = (outcome: MoverEnd['outcome'], { nonce = 'n1', lost = [] as string[] } = {}) =>
  formatMessage('end', {
    ...{
      nonce,
      outcome,
      lost,
      message: 'why',
      failures: [],
      seconds: 1,
      task: 't',
      mode: 'merge',
      code: 0,
      attempts: 1,
    },
    stats: { entries: 3, files: 2, transferredFiles: 2 },
  });

const finishedAt = '2026-11-29T01:01:00Z';
const podWith = (state: object): Pod =>
  ({
    metadata: { name: 'mover' },
    spec: { containers: [] },
    status: { phase: 'Running', containerStatuses: [{ name: 'target', state }] },
  }) as unknown as Pod;
const ended = (...lines: string[]) =>
  podWith({ terminated: { exitCode: 0, message: lines.join('\n'), finishedAt } });
const running = podWith({ running: {} });

const sight = (more: Partial<Sight> = {}): Sight => ({
  job: jobWith(),
  pods: [],
  holder: 'none',
  said: [],
  ...more,
});

describe('a mover that nobody waits for', () => {
  test.each([
    ['ok', [], 'Succeeded', /^2 of 2 files copied/],
    ['partial', [], 'Incomplete', /^2 of 2 files copied/],
    ['ok', ['acls'], 'Incomplete', /not kept: acls/],
    ['io', [], 'Failed', /the copy from one\/shop\/data to two\/shop\/data failed \(io\): why/],
    ['no-room', [], 'Failed', /two\/shop\/data has too little room/],
  ] as const)('that ended with %s, not kept %j: %s', (outcome, lost, phase, message) => {
    const pods = [ended(endLine(outcome, { lost: [...lost] }))];
    const standing = standingOf(recordWith(), sight({ pods }), claims);
    expect(standing).toMatchObject({ phase, finishedAt, message: expect.stringMatching(message) });
    expect(standing.progress).toBeUndefined();
  });

  test('that ended well while others wrote to the target is not whole, and they are named', () => {
    const seen = sight({ pods: [ended(endLine('ok'))], targetUsers: ['web-0'] });
    const message = expect.stringMatching(/pod web-0 came to use the target claim/);
    expect(standingOf(recordWith(), seen, claims)).toMatchObject({ phase: 'Incomplete', message });
  });

  test("believes a line of this Job's mover only, and not that of one whose successor goes on", () => {
    const others = [ended(endLine('ok', { nonce: 'n0' })), ended(endLine('interrupted')), running];
    expect(standingOf(recordWith(), sight({ pods: others }), claims).phase).toBe('Running');
  });

  test('runs, with what its log said last; what a command had written before is old', () => {
    const progress = {
      bytes: 2 ** 20,
      totalBytes: 2 ** 21,
      files: 1,
      totalFiles: 2,
      rate: 2 ** 19,
      scanning: false,
    };
    const record = recordWith({ progress: '1 B of 2 MiB' });
    const said = [{ kind: 'progress', progress } as const];
    expect(standingOf(record, sight({ pods: [running], said }), claims)).toEqual({
      phase: 'Running',
      message: 'no command waits for it: it goes on by itself',
      progress: '1.0 MiB of 2.0 MiB, 512 KiB/s',
    });
    expect(standingOf(record, sight({ pods: [running] }), claims).progress).toBeUndefined();
  });

  test('has no rate while nothing leads to its source', () => {
    const progress = { bytes: 1, totalBytes: 2, files: 1, totalFiles: 2, rate: 2 ** 19, scanning: false };
    const lost = { kind: 'disconnected', since: '2026-01-02T03:04:05Z' } as const;
    const said = [{ kind: 'connected', address: 'a:1' } as const, { kind: 'progress', progress } as const];
    const progressOf = (...more: MoverLine[]) =>
      standingOf(recordWith(), sight({ pods: [running], said: [...said, ...more] }), claims).progress;
    expect(progressOf(lost)).toBe('1 B of 2 B, no connection to the source since 2026-01-02T03:04:05Z');
    expect(progressOf(lost, { kind: 'connected', address: 'a:1' })).toBe('1 B of 2 B, 512 KiB/s');
    expect(standingOf(recordWith(), sight({ pods: [running], said: [lost] }), claims).progress).toBe(
      'no connection to the source since 2026-01-02T03:04:05Z',
    );
  });

  test('waits for a node, and says so', () => {
    const conditions = [{ type: 'PodScheduled', status: 'False', message: '0/2 nodes' }];
    const pod = {
      metadata: { name: 'mover' },
      spec: { containers: [] },
      status: { phase: 'Pending', conditions },
    };
    const standing = standingOf(recordWith(), sight({ pods: [pod as unknown as Pod] }), claims);
    expect(standing).toMatchObject({ phase: 'Running', message: expect.stringContaining('0/2 nodes') });
  });

  test('went on after Ctrl-C, and is told like any other', () => {
    const record = recordWith({ phase: 'Interrupted', message: 'interrupted' });
    expect(standingOf(record, sight({ pods: [running] }), claims).phase).toBe('Running');
    expect(standingOf(record, sight({ pods: [ended(endLine('ok'))] }), claims).phase).toBe('Succeeded');
    expect(standingOf(record, sight({ job: undefined }), claims)).toMatchObject({ phase: 'Interrupted' });
  });
});

describe('what can not be told', () => {
  test('a mover that is gone is Unknown, never Running', () => {
    const record = recordWith({ progress: '4 B of 9 B' });
    expect(standingOf(record, sight({ job: undefined }), claims)).toMatchObject({
      phase: 'Unknown',
      message: expect.stringMatching(
        /nobody has read how it ended; run the same command again to go on with it$/,
      ),
      progress: `4 B of 9 B, at ${heartbeat}`,
    });
    expect(
      standingOf(recordWith({ holder: 'me' }), sight({ job: undefined, holder: 'silent' }), claims).phase,
    ).toBe('Unknown');
  });

  test('a Job that is over while the pod that said how is gone', () => {
    const job = jobWith([{ type: 'Failed', reason: 'BackoffLimitExceeded' }]);
    expect(standingOf(recordWith(), sight({ job }), claims)).toMatchObject({
      phase: 'Unknown',
      message: expect.stringContaining('Failed: BackoffLimitExceeded'),
    });
  });

  test('a cluster that does not answer', () => {
    expect(standingOf(recordWith(), { obstacle: 'no answer' }, claims)).toMatchObject({
      phase: 'Unknown',
      isUnseen: true,
      message: 'no answer',
    });
  });

  test('an end that was kept outlives the pods, but not a command that works on the task', () => {
    const kept = { phase: 'Succeeded', message: 'all', finishedAt } as const;
    const checkpoints = { end: { ...kept, nonce: 'n0' } };
    for (const view of [sight({ job: undefined }), { obstacle: 'no answer' }])
      expect(standingOf(recordWith({ checkpoints }), view, claims)).toEqual(kept);
    const held = recordWith({ checkpoints, holder: 'me' });
    expect(standingOf(held, sight({ job: undefined, holder: 'live' }), claims).phase).toBe('Running');
    expect(standingOf(held, sight({ job: undefined, holder: 'silent' }), claims).phase).toBe('Unknown');
    expect(standingOf(recordWith({ checkpoints }), sight({ pods: [running] }), claims).phase).toBe('Running');
    const ofThisJob = recordWith({ checkpoints: { end: { ...kept, nonce: 'n1' } } });
    expect(standingOf(ofThisJob, sight({ pods: [running] }), claims)).toEqual(kept);
  });
});

test('a record that says how it ended is believed without a look', () => {
  const record = recordWith({ phase: 'Succeeded', message: 'all', finishedAt });
  expect(standingOf(record, { obstacle: 'no answer' }, claims)).toMatchObject({
    phase: 'Succeeded',
    message: 'all',
  });
});
