/** A cutover that fails, or is cut off, at each of its points: nothing is lost, and the same request puts it right. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { X8sError } from '../../../../../src/errors.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import {
  deployments,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
} from '../../../../../src/kube/api/resources.ts';
import {
  beforeStop,
  counts,
  cutOff,
  cutOffBeforeStart,
  deleteWhileMounted,
  events,
  forgetEvents,
  kube,
  namespace,
  object,
  openShop,
  owner,
  pass,
  reconnect,
  replicas,
  reporter,
  run,
  runNext,
  scaleWeb,
  stateNow,
  volumes,
} from '../../../support/cutover-scene.ts';

beforeEach(openShop);

describe('a cutover', () => {
  test('copies, stops, copies, and starts as many pods there', async () => {
    const seen: unknown[] = [];
    const result = await run(async () => void seen.push(await stateNow()));
    expect(events).toEqual(['copy', 'web 0', 'last copy', `next ${replicas}`]);
    // What is to be put right stood in the record before.
    expect(seen).toMatchObject([
      { phase: 'ready', source: [{ name: 'web', replicas }] },
      { phase: 'stopping', source: [{ name: 'web', replicas }] },
    ]);
    expect(result).toMatchObject({ resumed: false, started: [`Deployment next (${replicas})`] });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('counts no look at the pods as downtime: it ends once they are ready', async () => {
    const list = kube.list.bind(kube);
    kube.list = async (resource, options) => {
      const [now] = (await list(deployments, { namespace })).items.filter(
        ({ metadata, spec }) => metadata.name === 'next' && spec?.replicas === replicas,
      );
      // Less than what a lock lasts.
      if (now && resource.plural === 'pods') pass(10_000);
      return list(resource, options);
    };
    expect((await run()).downtimeSeconds).toBeLessThan(10);
  });

  test('whose last copy fails starts the source as it was, and nothing at the target', async () => {
    const failing = run(({ isLast }) => {
      if (isLast) throw new X8sError('the disk is gone');
    });
    await expect(failing).rejects.toThrow('the disk is gone');
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('is not trusted where somebody started the workload meanwhile', async () => {
    const meddled = run(async ({ isLast }) => {
      if (isLast)
        await kube.patch(
          deployments,
          { namespace, name: 'web' },
          { spec: { replicas: 0 } },
          { type: 'merge' },
        );
    });
    await expect(meddled).rejects.toThrow('Deployment web was changed by somebody else');
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('stops nothing, or starts it again, where a pod may write to the source by another claim', async () => {
    const bind = async (of: string, claim: string) => {
      const spec = { nfs: { server: 'files', path: '/old' }, claimRef: { namespace: of, name: claim } };
      await kube.create(persistentVolumes, { metadata: { name: `${of}-${claim}` }, spec });
    };
    await Promise.all([bind(namespace, 'old'), bind('live', 'same')]);
    const volumeName = `${namespace}-old`;
    const old = await kube.get(persistentVolumeClaims, { namespace, name: 'old' });
    await kube.replace(persistentVolumeClaims, { ...old, spec: { ...old.spec, volumeName } });
    const writer = { spec: volumes('same'), status: { phase: 'Running' } };
    const come = () => kube.create(pods, object('writer', writer, { namespace: 'live' }) as never);
    const meddled = run(async ({ isLast }) => void (isLast && (await come())));
    await expect(meddled).rejects.toThrow(/in use by pod live\/writer \(by claim live\/same/);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    forgetEvents();
    await expect(run()).rejects.toThrow(/in use by pod live\/writer \(by claim live\/same/);
    expect(events).toEqual([]);
  });

  test('is not trusted where another pod has mounted the source meanwhile, though it is gone again', async () => {
    const job = { metadata: { name: 'backup' } } as KubeObject;
    const fields = { spec: volumes('old'), status: { phase: 'Running' } };
    const meddled = run(async ({ isLast }) => {
      if (!isLast) return;
      await kube.create(pods, object('backup-1', fields, owner('Job', job)));
      await kube.delete(pods, { namespace, name: 'backup-1' });
    });
    await expect(meddled).rejects.toThrow(/pod backup-1 mounted fake\/shop\/old while .* stand still/);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('stops a workload whose pod is away at that moment', async () => {
    await kube.delete(pods, { namespace, name: 'web-pod' });
    await run();
    expect(events).toEqual(['copy', 'web 0', 'last copy', `next ${replicas}`]);
  });

  test('that was cut off while all stood still goes on, with the counts that it had noted', async () => {
    await expect(run(cutOff)).rejects.toThrow();
    reconnect();
    expect(await counts()).toEqual({ web: 0, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'stopping' });
    forgetEvents();
    expect(await run()).toMatchObject({ resumed: true, stopped: [`Deployment web (${replicas})`] });
    expect(events).toEqual(['web 0', 'last copy', `next ${replicas}`]);
  });

  test('that was cut off before the start goes on with it; what was changed since is copied first', async () => {
    const stopBeforeStart = async ({ name }: { name?: string | undefined; verb: string }) => {
      if (name === 'next') throw new X8sError('no answer');
    };
    kube.before = (call) => (call.verb === 'patch' ? stopBeforeStart(call) : undefined);
    await expect(run()).rejects.toThrow('no answer');
    reconnect();
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
    forgetEvents();
    // Somebody has let the old one run for a while.
    for (const count of [1, 0])
      await kube.patch(
        deployments,
        { namespace, name: 'web' },
        { spec: { replicas: count } },
        { type: 'merge' },
      );
    await run();
    expect(events.slice(2)).toEqual(['web 0', 'last copy', `next ${replicas}`]);
  });

  test('takes nothing away that the target has written while the source stood still, unless that is agreed to', async () => {
    await expect(run(cutOff)).rejects.toThrow();
    reconnect();
    await runNext();
    forgetEvents();
    await expect(run()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^Deployment next of the target was changed .* take away what it has written/,
      ),
      details: [
        expect.stringMatching(
          /source's files: .*deployment\/next --replicas=0, and the same command with --delete --yes/,
        ),
        expect.stringMatching(/target's files: .*delete configmap\/x8sync-cutover-/),
      ],
    });
    expect([events, await counts()]).toEqual([[], { web: 0, next: 0 }]);
    expect(await run(undefined, 'target', undefined, false, { deletes: 'all' })).toMatchObject({
      resumed: true,
    });
    expect(events).toEqual(['web 0', 'last copy', `next ${replicas}`]);
  });

  test('is not made where the target ran for a while during the last copy: the source runs as it was', async () => {
    await expect(run(async ({ isLast }) => void (isLast && (await runNext())))).rejects.toThrow(
      /^Deployment next of the target was changed/,
    );
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test.each([
    ['and the next', 60],
    ['and the last', 1],
  ])(
    'whose target ran between a pass %s deletes nothing of what that wrote: nothing is stopped',
    async (_, seconds) => {
      const meddled = run(async (__, pass) => {
        if (pass === 1) await runNext();
        return { seconds };
      });
      await expect(meddled).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(
          /^Deployment next of the target was changed since this began: .* take away/,
        ),
      });
      expect(events).toEqual(['copy', 'next 1', 'next 0']);
      expect(await stateNow()).toMatchObject({ phase: 'ready' });
    },
  );

  test("whose target ran while the source's pods ended deletes nothing of what that wrote", async () => {
    beforeStop(runNext);
    await expect(run()).rejects.toThrow(
      /^Deployment next of the target was changed since the source was stopped/,
    );
    expect(events).toEqual(['copy', 'next 1', 'next 0', 'web 0', `web ${replicas}`]);
  });

  test('that was cut off before the start tells what the run before had verified', async () => {
    await expect(run(cutOffBeforeStart)).rejects.toThrow('no answer');
    reconnect();
    expect(await run()).toMatchObject({ resumed: true, passes: [], verification: { different: 0 } });
  });

  test('whose workload somebody has deleted meanwhile is over, and can be begun anew', async () => {
    await expect(run(cutOff)).rejects.toThrow();
    reconnect();
    await kube.delete(deployments, { namespace, name: 'web' });
    await expect(run()).rejects.toThrow('Deployment web in fake/shop is gone');
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
    expect(await run()).toMatchObject({ resumed: false, stopped: [] });
  });

  test('in its middle keeps to what was asked for', async () => {
    await expect(run(cutOff)).rejects.toThrow();
    reconnect();
    await expect(run(undefined, 'source')).rejects.toThrow('begun with --then target');
    expect(await counts()).toEqual({ web: 0, next: 0 });
  });
});

describe('a claim that somebody deletes', () => {
  test('of the target in the last copy: its workload is not started, and the source runs as it was', async () => {
    const lost = run(async ({ isLast }) => {
      if (isLast) await deleteWhileMounted('new');
    });
    await expect(lost).rejects.toThrow(/^target claim fake\/shop\/new is being deleted, since .* goes with/);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(events).not.toContain(`next ${replicas}`);
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('of the source while it runs: nothing is stopped, since its pods alone keep the claim', async () => {
    const lost = run(() => deleteWhileMounted('old'));
    await expect(lost).rejects.toThrow(/^source claim fake\/shop\/old is being deleted/);
    expect(events).toEqual(['copy']);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('of the source in the last copy is told, and the target is started all the same', async () => {
    await run(async ({ isLast }) => {
      if (isLast) await deleteWhileMounted('old');
    });
    expect(reporter.warnings).toContainEqual(expect.stringMatching(/^Source claim fake\/shop\/old is being/));
    expect(await counts()).toEqual({ web: 0, next: replicas });
  });

  test('of the source in the last copy, and that is gone by its end, is told as well, and the target is started', async () => {
    await run(async ({ isLast }) => {
      if (isLast) await kube.delete(persistentVolumeClaims, { namespace, name: 'old' });
    });
    expect(reporter.warnings).toContainEqual(
      'Source claim fake/shop/old was deleted meanwhile: the target may have its only copy.',
    );
    expect(await counts()).toEqual({ web: 0, next: replicas });
  });

  test('of the source in the last copy, where that is to start again: it is not called cut over', async () => {
    const lost = run(async ({ isLast }) => {
      if (isLast) await deleteWhileMounted('old');
    }, 'source');
    await expect(lost).rejects.toThrow(/^source claim fake\/shop\/old is being deleted/);
  });

  test('of the target after a run that was cut off before the start: the source runs as it was', async () => {
    await expect(run(cutOffBeforeStart)).rejects.toThrow('no answer');
    reconnect();
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
    await deleteWhileMounted('new');
    await expect(run()).rejects.toThrow(/^target claim fake\/shop\/new is being deleted/);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('of the target while its workload starts: it is not said that the files are there', async () => {
    const patch = kube.patch.bind(kube);
    kube.patch = async (resource, ref, change, options) => {
      if (ref.name === 'next' && !options.dryRun) {
        await deleteWhileMounted('new');
        throw new X8sError('the pods do not come');
      }
      return patch(resource, ref, change, options);
    };
    await expect(run()).rejects.toThrow('the pods do not come');
    const [told, ...others] = reporter.warnings.filter((text) => text.includes('stands still'));
    expect(told).toMatch(/target is lost .*being deleted.* by hand: .*scale deployment\/web --replicas=3/);
    expect(others).toEqual([]);
  });

  test.each([
    ['old', 'deleted'],
    ['new', 'deleted'],
    ['old', 'made anew'],
    ['new', 'made anew'],
  ])(
    '%s was %s after a run that was cut off: no other cutover is begun, and what it stopped is named',
    async (name, what) => {
      await expect(run(cutOff)).rejects.toThrow();
      reconnect();
      const claim = await kube.get(persistentVolumeClaims, { namespace, name });
      await kube.delete(persistentVolumeClaims, { namespace, name });
      const { uid: _, resourceVersion: __, ...metadata } = claim.metadata;
      if (what === 'made anew') await kube.create(persistentVolumeClaims, { ...claim, metadata });
      forgetEvents();
      const refused = {
        exitCode: 3,
        message: expect.stringMatching(
          /cutover-\w+ .* is in its middle: Deployment web \(3\) .*stands still/,
        ),
        details: [`kubectl --context fake -n shop scale deployment/web --replicas=${replicas}`],
        hint: expect.stringMatching(/cleanup cutover-\w+ -n shop --context fake/),
      };
      await expect(run()).rejects.toMatchObject(refused);
      expect(events).toEqual([]);
      // Once it runs again, nothing is left to be put right.
      if (what === 'deleted') return;
      await scaleWeb(replicas);
      expect(await run()).toMatchObject({ resumed: false, stopped: [`Deployment web (${replicas})`] });
    },
  );
});

test('a cutover in its middle is not begun beside by another name', async () => {
  await expect(run(cutOff)).rejects.toThrow();
  reconnect();
  await expect(run(undefined, 'target', 'other')).rejects.toMatchObject({
    exitCode: 3,
    hint: expect.stringMatching(/--name cutover-\w+/),
  });
});
