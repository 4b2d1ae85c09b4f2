/** Two movers never write to one claim: what is found out about others before a copy begins. */
import { describe, expect, test } from '@jest/globals';
import type { ClaimMount, ClaimState } from '../../../../../plugins/x8sync/claims/claim.ts';
import { checkNoCompetingMover } from '../../../../../plugins/x8sync/claims/competing-movers.ts';
import { RefusedError } from '../../../../../src/errors.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();

function target(kube: FakeKube, mounts: readonly ClaimMount[] = []): ClaimState {
  const ref = { kube, namespace: 'shop', claim: 'data' };
  return { ref, mounts } as unknown as ClaimState;
}

function job(
  kube: FakeKube,
  task: string,
  claim: string,
  conditions: object[] = [],
  name = `x8sync-${task}-target`,
): void {
  kube.objects.create('batch/jobs', moverJob(task, claim, conditions, name));
}

function moverJob(task: string, claim: string, conditions: object[], name: string) {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: 'shop',
      labels: {
        'app.kubernetes.io/managed-by': 'kubectl-x8sync',
        'x8s.dev/role': 'target',
        'x8s.dev/task': task,
      },
    },
    spec: {
      template: { spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }] } },
    },
    status: { conditions },
  };
}

const mountOf = (task: string | undefined): ClaimMount => ({
  pod: 'p',
  node: 'n',
  task,
  mover: task !== undefined,
  privileges: task === undefined ? undefined : 'root',
});
const ended = (type: string) => [{ type, status: 'True' }];

describe('checkNoCompetingMover', () => {
  test('passes over pods of nobody, the own mover, movers of other claims, and Jobs that have ended', async () => {
    const kube = fakeKube();
    job(kube, 'mine', 'data');
    job(kube, 'elsewhere', 'other');
    job(kube, 'done', 'data', ended('Complete'));
    job(kube, 'failed', 'data', ended('Failed'));
    const mounts = [mountOf(undefined), mountOf('mine')];
    await expect(
      checkNoCompetingMover(target(kube, mounts), { task: 'mine' }, signal),
    ).resolves.toBeUndefined();
  });

  test('passes over the own workers, and refuses those of another task', async () => {
    const kube = fakeKube();
    const workers = (task: string) => {
      const one = moverJob(task, 'data', [], `x8sync-${task}-worker`);
      const labels = { ...one.metadata.labels, 'x8s.dev/worker': 'true' };
      kube.objects.create('batch/jobs', { ...one, metadata: { ...one.metadata, labels } });
    };
    const check = () => checkNoCompetingMover(target(kube), { task: 'mine' }, signal);
    workers('mine');
    await expect(check()).resolves.toBeUndefined();
    workers('other');
    await expect(check()).rejects.toThrow(/task other has a mover on target claim/);
  });

  test('refuses where the pod of another task has the claim, and names the task', async () => {
    const refused = checkNoCompetingMover(target(fakeKube(), [mountOf('other')]), { task: 'mine' }, signal);
    await expect(refused).rejects.toThrow(RefusedError);
    await expect(refused).rejects.toThrow('task other has a mover on target claim fake/shop/data');
  });

  test('says so where the other task only reads the claim', async () => {
    const reader = { ...mountOf('other'), mover: false };
    const refused = checkNoCompetingMover(target(fakeKube(), [reader]), { task: 'mine' }, signal);
    await expect(refused).rejects.toThrow('task other reads target claim fake/shop/data');
  });

  test('refuses where the Job of another task is between two pods', async () => {
    const kube = fakeKube();
    job(kube, 'other', 'data', [{ type: 'Failed', status: 'False' }]);
    await expect(checkNoCompetingMover(target(kube), { task: 'mine' }, signal)).rejects.toMatchObject({
      exitCode: 3,
      message: 'task other has a mover on target claim fake/shop/data',
    });
  });

  test('goes by the pods alone where Jobs may not be listed, and by nothing where the server is away', async () => {
    const kube = fakeKube();
    kube.before = ({ collection }) => {
      if (collection === 'batch/jobs') throw apiError(403, 'forbidden');
    };
    await expect(checkNoCompetingMover(target(kube), { task: 'mine' }, signal)).resolves.toBeUndefined();
    kube.before = () => {
      throw apiError(503, 'away');
    };
    await expect(checkNoCompetingMover(target(kube), { task: 'mine' }, signal)).rejects.toThrow('away');
  });

  const schedule = (kube: FakeKube, task: string): void => {
    const { metadata, spec } = moverJob(task, 'data', [], `x8sync-${task}-target`);
    const kind = { apiVersion: 'batch/v1', kind: 'CronJob' };
    kube.objects.create('batch/cronjobs', {
      ...kind,
      metadata,
      spec: { schedule: '* * * * *', jobTemplate: { spec } },
    });
  };

  test('refuses where another task copies at its times, also between two copies; a comparison goes on', async () => {
    const kube = fakeKube();
    schedule(kube, 'fresh');
    await expect(checkNoCompetingMover(target(kube), { task: 'mine' }, signal)).rejects.toMatchObject({
      message: 'task fresh copies to target claim fake/shop/data by itself, at its times',
      hint: expect.stringContaining('kubectl x8sync cancel fresh --context fake'),
    });
    const reader = { task: 'mine', readsOnly: true };
    await expect(checkNoCompetingMover(target(kube), reader, signal)).resolves.toBeUndefined();
    await expect(checkNoCompetingMover(target(kube), { task: 'fresh' }, signal)).resolves.toBeUndefined();
  });

  test('goes by the records where schedules may not be listed, and only by those of this claim that stand', async () => {
    const kube = fakeKube();
    kube.before = ({ collection }) => {
      if (collection === 'batch/cronjobs') throw apiError(403, 'forbidden');
    };
    const recorded = (task: string, targetUid: string, phase: string) =>
      kube.objects.create('/configmaps', {
        ...{
          apiVersion: 'v1',
          kind: 'ConfigMap',
          data: { spec: JSON.stringify({ schedule: 'true', targetUid }) },
        },
        metadata: { ...moverJob(task, 'data', [], task).metadata, annotations: { 'x8s.dev/phase': phase } },
      } as KubeObject);
    recorded('ended', 'u1', 'Interrupted');
    recorded('elsewhere', 'u2', 'Running');
    const claim = { ...target(kube), uid: 'u1' };
    await expect(checkNoCompetingMover(claim, { task: 'mine' }, signal)).resolves.toBeUndefined();
    recorded('fresh', 'u1', 'Running');
    await expect(checkNoCompetingMover(claim, { task: 'mine' }, signal)).rejects.toThrow(
      /task fresh copies to/,
    );
  });

  test('refuses beside a copy of the own schedule that runs', async () => {
    const kube = fakeKube();
    job(kube, 'mine', 'data', [], 'x8sync-mine-target-29384756');
    await expect(checkNoCompetingMover(target(kube), { task: 'mine' }, signal)).rejects.toThrow(
      'a copy of task mine writes to target claim fake/shop/data right now',
    );
  });

  test('says of the own schedule that its copy is to be waited for, and that ending it ends all of it', async () => {
    const kube = fakeKube();
    job(kube, 'mine', 'data', [], 'x8sync-mine-target-29384756');
    await expect(checkNoCompetingMover(target(kube), { task: 'mine' }, signal)).rejects.toMatchObject({
      hint: expect.stringMatching(/^wait until it has ended, .*; cancel would end the whole schedule/),
    });
  });
});

describe('what is to be done about the mover of another task', () => {
  const claim = (kube: FakeKube, mounts: readonly ClaimMount[] = []): ClaimState => ({
    ...target(kube, mounts),
    uid: 'u1',
  });
  const record = (kube: FakeKube, task: string, spec: object, role = 'target'): void => {
    kube.objects.create('/configmaps', {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', data: { spec: JSON.stringify(spec) } },
      metadata: {
        ...moverJob(task, 'data', [], `x8sync-${task}-${role}`).metadata,
        annotations: { 'x8s.dev/phase': 'Running' },
      },
    } as KubeObject);
  };
  const refusal = (state: ClaimState, readsOnly = false) =>
    checkNoCompetingMover(state, { task: 'mine', readsOnly }, signal).then(
      () => undefined,
      (error: RefusedError) => error,
    );
  const status = 'kubectl x8sync status k1 --watch --context fake';

  test('a comparison waits for the copy of a schedule, and is not told to end the schedule', async () => {
    const kube = fakeKube();
    record(kube, 'k1', { schedule: 'true', mode: 'merge', targetUid: 'u1' });
    job(kube, 'k1', 'data', [], 'x8sync-k1-target-29384756');
    const { message, hint } = (await refusal(claim(kube), true)) ?? {};
    expect(message).toBe('task k1 has a mover on target claim fake/shop/data: a copy of its schedule');
    expect(hint).toBe(
      `wait until that copy has ended, as ${status} shows; cancel and cleanup would end the whole schedule`,
    );
  });

  test('another copy is told to end the schedule: waiting would bring it no further', async () => {
    const kube = fakeKube();
    record(kube, 'k1', { schedule: 'true', mode: 'merge', targetUid: 'u1' });
    job(kube, 'k1', 'data', [], 'x8sync-k1-target-29384756');
    expect(await refusal(claim(kube))).toMatchObject({
      message: 'task k1 copies to target claim fake/shop/data by itself, at its times',
      details: ['one of its copies runs right now'],
      hint: 'end it first: kubectl x8sync cancel k1 --context fake',
    });
  });

  test.each([
    [
      'a first copy whose command has gone, before there is a schedule',
      { schedule: 'true', mode: 'merge', targetUid: 'u1' },
      'k1',
      /the command that began it with --name k1 again.*cleanup k1 --context fake$/,
    ],
    [
      'a named copy',
      { mode: 'merge', targetUid: 'u1' },
      'k1',
      /the command that began it with --name k1 again.*cleanup k1 --context fake$/,
    ],
    [
      'one without a name',
      { mode: 'merge', targetUid: 'u1' },
      '0190f1c2-7c8a-7d5e-8a4b-3f2b1c0d9e8f',
      /the command that began it again.*cleanup 0190f1c2-\S+ --context fake$/,
    ],
    [
      'one of a cutover, which cleanup refuses',
      { mode: 'merge', targetUid: 'u1', cutover: 'true' },
      'k1',
      /^wait until the cutover has ended, as .* shows, or run the command of the cutover again/,
    ],
  ])('%s', async (_, spec, task, hint) => {
    const kube = fakeKube();
    record(kube, task, spec);
    job(kube, task, 'data');
    const error = await refusal(claim(kube));
    expect(error?.message).toBe(`task ${task} has a mover on target claim fake/shop/data`);
    expect(error?.hint).toMatch(hint);
    if (task !== 'k1') expect(error?.hint).not.toContain('--name');
    if ('cutover' in spec) expect(error?.hint).not.toMatch(/cleanup|cancel/);
  });

  test.each(['verify', 'dry-run'])('%s reads the target, and copies nothing from it', async (mode) => {
    const kube = fakeKube();
    record(kube, 'k1', { mode, sourceUid: 'u0', targetUid: 'u1' });
    const error = await refusal(claim(kube, [{ ...mountOf('k1'), mover: false }]));
    expect(error).toMatchObject({
      message: 'task k1 reads target claim fake/shop/data',
      hint: `wait until it has ended (${status}), or end it: kubectl x8sync cleanup k1 --context fake`,
    });
  });

  test.each([
    [{}, `wait until it has ended (${status}), or end it: kubectl x8sync cancel k1 --context fake`],
    [{ schedule: 'true' }, 'it does so at its times: end it first: kubectl x8sync cancel k1 --context fake'],
    [{ cutover: 'true' }, `wait until the cutover has ended, as ${status} shows`],
  ])('one that copies from it, of %j', async (further, hint) => {
    const kube = fakeKube();
    record(kube, 'k1', { mode: 'merge', sourceUid: 'u1', targetUid: 'u2', ...further }, 'source');
    const error = await refusal(claim(kube, [{ ...mountOf('k1'), mover: false }]));
    expect(error?.message).toBe('task k1 copies from fake/shop/data, the target of this one');
    expect(error?.hint).toContain(hint);
  });

  test('without a record nothing is said of how to go on', async () => {
    const kube = fakeKube();
    job(kube, 'k1', 'data');
    expect((await refusal(claim(kube)))?.hint).toBe(
      "wait until it has ended: its record can't be read, so what it is about is not known",
    );
  });
});
