/** The way back: the source is started again by whoever has the cutover, where nothing else runs by then. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { UnreachableError, X8sError } from '../../../../../src/errors.ts';
import { deployments } from '../../../../../src/kube/api/resources.ts';
import { configMapLock } from '../../../../../src/tasks/lock-object.ts';
import {
  clock,
  counts,
  events,
  forgetEvents,
  hurry,
  kube,
  lockNow,
  loseLock,
  namespace,
  openShop,
  recordNow,
  replicas,
  run,
  scaleWeb,
  stateNow,
} from '../../../support/cutover-scene.ts';
import { apiError } from '../../../support/fake-cluster.ts';

beforeEach(openShop);

describe('the source is not started again', () => {
  const byHand = `kubectl --context fake -n shop scale deployment/web --replicas=${replicas}`;

  test('where the target was started and the source changed: which is to stay is for a person to say', async () => {
    const patch = kube.patch.bind(kube);
    kube.patch = async (resource, ref, change, options) => {
      const changed = await patch(resource, ref, change, options);
      if (ref.name === 'next' && !options.dryRun) throw new X8sError('killed');
      return changed;
    };
    await expect(run()).rejects.toThrow('killed');
    expect(await counts()).toEqual({ web: 0, next: replicas });
    // Its generation is another one then.
    await scaleWeb(0);
    forgetEvents();
    const { name } = await recordNow();
    await expect(run(() => Promise.reject(new X8sError('in use')))).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^Deployment next \(3\) of the target was started, and Deployment web \(3\)/,
      ),
      details: [
        expect.stringMatching(/scale deployment\/next --replicas=0/),
        expect.stringMatching(new RegExp(`delete configmap/${name}`)),
      ],
    });
    expect(events).toEqual([]);
    expect(await counts()).toEqual({ web: 0, next: replicas });
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
  });

  test('where the target is started meanwhile', async () => {
    const meddled = run(async ({ isLast }) => {
      if (!isLast) return;
      await kube.patch(
        deployments,
        { namespace, name: 'next' },
        { spec: { replicas: 1 } },
        { type: 'merge' },
      );
      throw new X8sError('in use');
    });
    await expect(meddled).rejects.toMatchObject({
      message: 'in use',
      details: [expect.stringMatching(/^Deployment web \(3\) of the source was not started again: /), byHand],
    });
    expect(await counts()).toEqual({ web: 0, next: 1 });
    expect(await stateNow()).toMatchObject({ phase: 'stopping' });
  });

  test('where another run has taken the cutover over, and its record is left alone', async () => {
    const late = run(async ({ isLast }) => {
      if (!isLast) return;
      await loseLock();
      const end = { phase: 'Succeeded', holder: undefined, message: 'cut over in 3s' } as const;
      await storeOf(kube, { clock }).update(await recordNow(), (state) => Object.assign(state, end));
      throw new X8sError('the line broke');
    });
    await expect(late).rejects.toMatchObject({
      message: 'the line broke',
      details: [expect.stringMatching(/another run has gone on with cutover/), byHand],
    });
    expect(await counts()).toEqual({ web: 0, next: 0 });
    expect(await recordNow()).toMatchObject({ phase: 'Succeeded', message: 'cut over in 3s' });
  });

  test('nor is a record written that another run has by now, where nothing was stopped yet', async () => {
    const late = run(async (_, pass) => {
      if (pass !== 1) return;
      await loseLock();
      await storeOf(kube, { clock }).update(await recordNow(), (state) => {
        Object.assign(state, { holder: 'bob@laptop' });
        Object.assign(state.checkpoints.cutover as object, { phase: 'stopping' });
      });
      throw new X8sError('the line broke');
    });
    await expect(late).rejects.toThrow('the line broke');
    expect(await recordNow()).toMatchObject({ phase: 'Running', holder: 'bob@laptop' });
    expect(await stateNow()).toMatchObject({ phase: 'stopping' });
  });
});

describe('the lock of a cutover', () => {
  test('lasts as long as that of the target claim', async () => {
    let lastsMs: number | undefined;
    await run(async () => {
      lastsMs = configMapLock.claimOf(await lockNow())?.staleAfterMs;
    });
    expect(lastsMs).toBe(60_000);
  });

  test('that was lost is taken again for the source to be started, once the cluster answers', async () => {
    const cut = run(async ({ isLast }) => {
      if (!isLast) return;
      await loseLock();
      let refusals = 1;
      kube.before = ({ verb }) => {
        if (verb === 'create' && refusals-- > 0) throw new UnreachableError('no answer');
      };
      throw new X8sError('the line broke');
    });
    await expect(cut).rejects.toMatchObject({ message: 'the line broke', details: [] });
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await recordNow()).toMatchObject({ phase: 'Failed' });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });
});

test('a server that has just begun, and refuses what it allowed before, keeps nothing stopped', async () => {
  hurry();
  let refusals = 3;
  const failed = run(({ isLast }) => {
    if (!isLast) return;
    kube.before = ({ verb, name }) => {
      if (verb === 'patch' && name === 'web' && refusals-- > 0) throw apiError(403, 'no', 'Forbidden');
    };
    throw new X8sError('the disk is gone');
  });
  await expect(failed).rejects.toThrow('the disk is gone');
  expect(await counts()).toEqual({ web: replicas, next: 0 });
});
