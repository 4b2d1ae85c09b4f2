/** What a cutover stops, as it is at that moment; and a cutover that is over is not made again. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { X8sError } from '../../../../../src/errors.ts';
import {
  deployments,
  persistentVolumeClaims,
  pods,
  replicaSets,
} from '../../../../../src/kube/api/resources.ts';
import {
  beforeStop,
  counts,
  cutOff,
  events,
  failLast,
  forgetEvents,
  hurry,
  kube,
  left,
  loseTarget,
  markForAnother,
  markNow,
  namespace,
  object,
  onceWritten,
  openShop,
  owner,
  reconnect,
  recordNow,
  replicas,
  reporter,
  run,
  scaleWeb,
  stateNow,
  volumes,
  whileLong,
} from '../../../support/cutover-scene.ts';
import { apiError } from '../../../support/fake-cluster.ts';

beforeEach(openShop);

/** What the target has started would write between the copies. */
const stopNext = () =>
  kube.patch(deployments, { namespace, name: 'next' }, { spec: { replicas: 0 } }, { type: 'merge' });

describe('a cutover that has come to its end', () => {
  test('is not made again by the same command: the target has what was written since', async () => {
    await run();
    forgetEvents();
    await expect(run()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/^task cutover-\w+ has finished already, at .*: cut over in /),
      hint: expect.stringMatching(/^--again /),
    });
    expect(events).toEqual([]);
    expect(await recordNow()).toMatchObject({ phase: 'Succeeded', run: 1 });
  });

  test('is not made again either once a run that was to make it again was refused, nor under another name', async () => {
    await run();
    const refused = run(() => Promise.reject(new X8sError('in use')), 'target', undefined, true);
    await expect(refused).rejects.toThrow('in use');
    expect(await recordNow()).toMatchObject({ phase: 'Succeeded', run: 1 });
    const finished = { exitCode: 3, message: expect.stringMatching(/has finished already, at /) };
    forgetEvents();
    await expect(run()).rejects.toMatchObject(finished);
    await expect(run(undefined, 'source', 'other')).rejects.toMatchObject(finished);
    expect(events).toEqual([]);
    await stopNext();
    await run(undefined, 'target', undefined, true);
  });

  test('is made again where that is said', async () => {
    await run();
    await stopNext();
    await run(undefined, 'target', undefined, true);
    expect(await recordNow()).toMatchObject({ phase: 'Succeeded', run: 2 });
  });
});

describe('the comparing of both sides is a part of the pause', () => {
  const compared = { verify: true };

  test('so one pass that compares as the last one does is made while it runs', async () => {
    const asked: (boolean | undefined)[] = [];
    const { passes } = await run(
      ({ verify }) => void asked.push(verify),
      'target',
      undefined,
      false,
      compared,
    );
    expect(asked).toEqual([false, true, true]);
    expect(passes).toHaveLength(3);
    expect(events).toEqual(['copy', 'copy', 'web 0', 'last copy', 'next 3']);
  });

  test('and what takes longer than the goal stops nothing', async () => {
    const slow = ({ verify }: { verify?: boolean | undefined }) => (verify ? { seconds: 600 } : undefined);
    await expect(run(slow, 'target', undefined, false, compared)).rejects.toMatchObject({
      message: expect.stringMatching(/^no pass takes less than .*, so nothing was stopped$/),
      details: [expect.stringMatching(/reading of both sides/)],
      hint: '--downtime-goal 720s would do, or --no-verify, which compares nothing',
    });
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(events).toEqual(['copy', 'copy', 'copy']);
  });
});

describe('what is stopped', () => {
  test('is what there is right before, and not hours ago', async () => {
    const result = await run(async (_, pass) => {
      if (pass === 1) await scaleWeb(5);
    });
    expect(result).toMatchObject({ stopped: ['Deployment web (5)'], started: ['Deployment next (5)'] });
    expect(await counts()).toEqual({ web: 0, next: 5 });
  });

  test.each(['old', 'new'])('is nothing where another workload mounts %s by now', async (claim) => {
    const spec = { replicas: 1, template: { spec: volumes(claim) } };
    const surprised = run(async (_, pass) => {
      if (pass === 1) await kube.create(deployments, object('extra', { spec }) as never);
    });
    await expect(surprised).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/nothing was stopped: Deployment extra \(\d\) has come$/),
    });
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(events).toEqual(['copy']);
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('bears a mark as long as it stands still for it, and says in the end where it has gone', async () => {
    const marks: unknown[] = [];
    await run(async () => void marks.push(await markNow()));
    expect(marks).toMatchObject([undefined, { replicas, target: 'shop/new' }]);
    expect(await markNow()).toMatchObject({ target: 'shop/new', moved: true });
    expect(await counts()).toEqual({ web: 0, next: replicas });
  });

  test('bears no mark either where it was started again', async () => {
    await expect(run(failLast)).rejects.toThrow('the disk is gone');
    expect(await markNow()).toBeUndefined();
  });

  test('is nothing where another cutover has moved it elsewhere: two of it would run', async () => {
    await markForAnother({ moved: true });
    await expect(run()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^Deployment web \(3\) .* was moved to claim shop\/elsewhere by cutover other/,
      ),
      hint: expect.stringMatching(/--yes/),
    });
    expect(await run(undefined, 'target', undefined, false, { confirmed: true })).toMatchObject({
      stopped: [],
    });
  });

  test('is nothing where its mark can not be read', async () => {
    await scaleWeb(0);
    const metadata = { annotations: { 'x8s.dev/stopped-by': 'garb{age' } };
    await kube.patch(deployments, { namespace, name: 'web' }, { metadata }, { type: 'merge' });
    await expect(run()).rejects.toThrow(/its annotation x8s.dev\/stopped-by, .* can't be read$/);
  });

  test('is told where the claim of the target is gone, and nobody has its record', async () => {
    await expect(run(cutOff)).rejects.toThrow();
    reconnect();
    await loseTarget();
    await kube.delete(persistentVolumeClaims, { namespace, name: 'new' });
    await expect(run()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^Deployment web \(3\) .* can't be gone on with: a claim of it is gone$/,
      ),
      details: ['kubectl --context fake -n shop scale deployment/web --replicas=3'],
    });
  });

  test('is noticed at once where somebody starts it while its pods are awaited', async () => {
    hurry();
    onceWritten('web', () => scaleWeb(1));
    beforeStop(async () => {
      const set = await kube.get(replicaSets, { namespace, name: 'web-set' });
      const fields = { spec: volumes('old'), status: { phase: 'Running' } };
      await kube.create(pods, object('stays', fields, owner('ReplicaSet', set)));
    });
    await expect(run(undefined, 'target', undefined, false, { timeoutMs: 0 })).rejects.toThrow(
      'Deployment web was changed by somebody else while it was to stand still',
    );
  });

  test.each([
    [
      'of this cluster that was made anew since',
      {},
      /can't be gone on with: its target was made anew since$/,
    ],
    [
      'of another cluster',
      { targetCluster: 'elsewhere' },
      /claim shop\/new of another cluster, which has not ended$/,
    ],
  ])('is nothing that stands still for a target of the same name %s', async (_, more, message) => {
    await scaleWeb(0);
    await markForAnother({ target: 'shop/new', targetUid: 'another', ...more });
    await expect(run()).rejects.toMatchObject({ exitCode: 3, message: expect.stringMatching(message) });
    expect(events).not.toContain('copy');
  });

  test('is nothing where it stands still for another cutover, whether that runs or was killed', async () => {
    await markForAnother();
    const refused = {
      exitCode: 3,
      message:
        'Deployment web (3) of fake/shop stands still for cutover other to claim shop/elsewhere, which has not ended',
      details: ['kubectl --context fake -n shop scale deployment/web --replicas=3'],
    };
    await expect(run()).rejects.toMatchObject(refused);
    expect(events).toEqual(['web 0']);
  });

  test.each(['between two looks', 'in the very moment'])(
    'is nothing where another cutover stops it %s',
    async (when) => {
      const late = run(async ({ isLast }, pass) => {
        if (pass === 1 && when === 'between two looks') await markForAnother();
        if (isLast) throw new Error('it was stopped');
      });
      if (when === 'in the very moment') beforeStop(markForAnother);
      await expect(late).rejects.toThrow(/stands still for cutover other to claim shop\/elsewhere/);
      // It is the other's to start.
      expect(await counts()).toEqual({ web: 0, next: 0 });
      expect(await markNow()).toMatchObject({ task: 'other' });
      expect(await stateNow()).toMatchObject({ phase: 'ready' });
    },
  );

  test('that was started by hand since is copied while it runs before it is stopped again', async () => {
    await expect(run(cutOff)).rejects.toThrow();
    reconnect();
    await scaleWeb(2);
    forgetEvents();
    const result = await run();
    expect(events).toEqual(['copy', 'web 0', 'last copy', 'next 2']);
    expect(result).toMatchObject({ resumed: true, stopped: ['Deployment web (2)'] });
    expect(result.downtimeSeconds).toBeLessThan(5);
  });

  test('is told to start also where the namespace of the target is gone, and the record with it', async () => {
    const lost = run(async ({ isLast }) => {
      if (!isLast) return;
      await loseTarget();
      throw new X8sError('the claim is gone');
    });
    await expect(lost).rejects.toMatchObject({ message: 'the claim is gone', details: [] });
    expect(await counts()).toMatchObject({ web: replicas });
    expect(reporter.warnings).toContainEqual(expect.stringMatching(/^Not cut over: Deployment web \(3\)/));
  });

  test('is said to be told to start, where only that could not be noted', async () => {
    const unnoted = run(async ({ isLast }) => {
      if (!isLast) return;
      kube.before = ({ verb, collection }) => {
        if (verb === 'update' && collection.endsWith('/configmaps')) throw apiError(404, 'gone', 'NotFound');
      };
      throw new X8sError('the disk is gone');
    });
    await expect(unnoted).rejects.toMatchObject({ message: 'the disk is gone', details: [] });
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('is not the first thing that is told of a copy which is not whole, where somebody started it', async () => {
    const meddled = run(async ({ isLast }) => {
      if (!isLast) return undefined;
      await scaleWeb(1);
      return { outcome: 'differs', message: 'rows.log differs' };
    });
    await expect(meddled).rejects.toMatchObject({
      exitCode: 3,
      message: 'Deployment web was changed by somebody else while it was to stand still',
    });
  });

  test('is nothing where one of them has no pods any more', async () => {
    const surprised = run(async (_, pass) => {
      if (pass === 1) await scaleWeb(0);
    });
    await expect(surprised).rejects.toThrow(
      /nothing was stopped: Deployment web \(3\) is gone or has no pods/,
    );
    expect(await counts()).toEqual({ web: 0, next: 0 });
  });

  test('is named to whoever ends the process at once', async () => {
    let seen: readonly string[] = [];
    await run(({ isLast }) => {
      if (isLast) seen = left();
    });
    expect(seen).toEqual([
      `Deployment web (3) of the source stands still for this cutover: run the same command again, or kubectl --context fake -n shop scale deployment/web --replicas=${replicas}`,
    ]);
    expect(left()).toEqual([]);
  });

  test('is told to start again, which nobody has waited for', async () => {
    await expect(run(failLast)).rejects.toThrow('the disk is gone');
    expect(reporter.warnings).toContainEqual(
      expect.stringMatching(/^Not cut over: Deployment web \(3\) of the source is told to start/),
    );
  });
});

test('a pod that has come and ended between two looks has written what is in no copy', async () => {
  const come = run(async ({ isLast }) => {
    if (!isLast) return;
    await kube.create(pods, object('nightly', { spec: volumes('old'), status: { phase: 'Succeeded' } }));
  });
  await expect(come).rejects.toMatchObject({
    exitCode: 3,
    message: 'pod nightly mounted fake/shop/old while it was to stand still',
  });
  expect(await counts()).toEqual({ web: replicas, next: 0 });
});

test('one that had ended before is no matter, nor a pod of the workload that is away as the stop begins', async () => {
  await kube.create(pods, object('nightly', { spec: volumes('old'), status: { phase: 'Succeeded' } }));
  const web = { namespace, name: 'web-pod' };
  beforeStop(async () => {
    const pod = await kube.get(pods, web);
    await kube.delete(pods, web);
    await whileLong();
    const { uid: _, resourceVersion: __, ...metadata } = pod.metadata;
    await kube.create(pods, { ...pod, metadata });
    await whileLong();
  });
  await run();
  expect(await counts()).toEqual({ web: 0, next: replicas });
});
