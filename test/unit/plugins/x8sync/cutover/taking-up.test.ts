/** A cutover that an earlier run has left in its middle, and what has happened on both sides since. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Then } from '../../../../../plugins/x8sync/records/cutover-state.ts';
import { X8sError } from '../../../../../src/errors.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import { configMaps, deployments, pods } from '../../../../../src/kube/api/resources.ts';
import { stopMarkKey } from '../../../../../src/tasks/names.ts';
import {
  beforeStop,
  claimIn,
  counts,
  cutOff,
  cutOffBeforeStart,
  events,
  failLast,
  forgetEvents,
  killedOnceStarted,
  kube,
  makeNextAnew,
  makeStranger,
  markNow,
  namespace,
  object,
  onceWritten,
  openShop,
  reconnect,
  recordNow,
  replicas,
  reporter,
  run,
  scale,
  scaleWeb,
  stateNow,
  volumes,
} from '../../../support/cutover-scene.ts';
import { apiError } from '../../../support/fake-cluster.ts';

beforeEach(openShop);

const agreed = () => run(undefined, 'target', undefined, false, { deletes: 'all' });

describe('a target that an earlier run has started', () => {
  test.each([
    ['edited', 0],
    ['started by hand', 2],
  ])('and stands still by now is not overwritten where the source was %s since', async (_, count) => {
    await killedOnceStarted();
    await scale('next', 0);
    await scaleWeb(count);
    forgetEvents();
    const { name } = await recordNow();
    await expect(run()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^Deployment next of the target was changed since the source was stopped: .* take away what it has written$/,
      ),
      details: [
        expect.stringMatching(/^the source's files: .*the same command with --delete --yes/),
        expect.stringMatching(new RegExp(`^the target's files: .*delete configmap/${name}`)),
      ],
    });
    expect([events, await counts()]).toEqual([[], { web: count, next: 0 }]);
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
    // Once somebody has agreed to that it is made what the source is.
    expect(await agreed()).toMatchObject({ resumed: true });
    expect(await counts()).toEqual({ web: 0, next: count || replicas });
  });

  test('keeps the count that an autoscaler has set since', async () => {
    await killedOnceStarted();
    await scale('next', 10);
    expect(await run()).toMatchObject({ resumed: true });
    expect(await counts()).toEqual({ web: 0, next: 10 });
  });

  test('and was made anew since is a matter for a person: neither side is started', async () => {
    await killedOnceStarted();
    await makeNextAnew(0);
    forgetEvents();
    await expect(run()).rejects.toMatchObject({
      exitCode: 3,
      message: 'Deployment next is gone, or was made anew',
    });
    expect([events, await counts()]).toEqual([[], { web: 0, next: 0 }]);
    const { name } = await recordNow();
    expect(reporter.warnings.at(-1)).toMatch(
      new RegExp(
        `^The files are at the target, and the source stands still. Keep what is there by kubectl .*delete configmap/${name}, or go back by hand: kubectl .*deployment/web --replicas=3$`,
      ),
    );
  });

  test('and was made anew since, and runs: the way back names it first', async () => {
    await killedOnceStarted();
    await makeNextAnew(1);
    await expect(run()).rejects.toThrow('Deployment next is gone, or was made anew');
    expect(await counts()).toEqual({ web: 0, next: 1 });
    expect(reporter.warnings.at(-1)).toMatch(
      /go back by hand \(what the target has written .*\): .*deployment\/next --replicas=0; .*deployment\/web --replicas=3$/,
    );
  });
});

describe('a policy that declines the start of what an earlier run has left to start', () => {
  const frozen = 'claims are frozen';
  const declineStart = (name: string) => {
    kube.admits = ({ metadata, spec }) => {
      const { replicas: count } = spec as { replicas: number };
      if (metadata.name === name && count > 0) throw apiError(403, frozen, 'Forbidden');
    };
  };

  test('leads back to the source where the target has not run', async () => {
    cutOffBeforeStart();
    await expect(run()).rejects.toThrow('no answer');
    reconnect();
    declineStart('next');
    await expect(run()).rejects.toThrow(frozen);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('starts nothing where the target has run since: what it wrote is there only', async () => {
    await killedOnceStarted();
    await scale('next', 0);
    declineStart('next');
    await expect(run()).rejects.toThrow(frozen);
    expect(await counts()).toEqual({ web: 0, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
    expect(reporter.warnings.at(-1)).toMatch(/^The files are at the target, and the source stands still\./);
  });

  test('starts nothing with the old claim where pods may have run with the new one', async () => {
    const killed = run(({ isLast }) => {
      if (!isLast) return;
      onceWritten('web', () => {
        kube.before = ({ verb }) => {
          if (verb === 'patch') throw new X8sError('killed');
        };
      });
    }, 'repoint');
    await expect(killed).rejects.toThrow('killed');
    reconnect();
    declineStart('web');
    await expect(run(undefined, 'repoint')).rejects.toThrow(frozen);
    expect(claimIn(await kube.get(deployments, { namespace, name: 'web' }))).toBe('new');
    expect((await counts()).web).toBe(0);
  });
});

describe('the source of a cutover whose target was not started yet', () => {
  test('is copied once more where a pod of nobody has mounted it since', async () => {
    cutOffBeforeStart();
    await expect(run()).rejects.toThrow('no answer');
    reconnect();
    await makeStranger('extra', 'old');
    forgetEvents();
    beforeStop(() => kube.delete(pods, { namespace, name: 'extra' }));
    await run();
    expect(events).toEqual(['web 0', 'last copy', `next ${replicas}`]);
  });

  test('is begun anew where nothing was stopped, and its workload was started since', async () => {
    await scaleWeb(0);
    cutOffBeforeStart();
    await expect(run()).rejects.toThrow('no answer');
    reconnect();
    expect(await stateNow()).toMatchObject({ phase: 'starting', source: [] });
    await scaleWeb(2);
    forgetEvents();
    await run();
    expect(events).toEqual(['copy', 'web 0', 'last copy', 'next 2']);
  });
});

describe('of two workloads that are given the other claim', () => {
  const named = (name: string) => kube.get(deployments, { namespace, name });
  const claims = async () => [claimIn(await named('also')), claimIn(await named('web'))];
  const replicasOf = ({ spec }: KubeObject) => (spec as { replicas: number }).replicas;

  /** The run is killed between the two. */
  async function cutBetween(): Promise<void> {
    const spec = { replicas: 1, template: { spec: volumes('old') } };
    await kube.create(deployments, object('also', { spec }) as never);
    let patches = 0;
    kube.before = ({ verb }) => {
      if (verb === 'patch' && events.includes('last copy') && patches++ > 0) throw new X8sError('killed');
    };
    await expect(run(undefined, 'repoint')).rejects.toThrow('killed');
    reconnect();
    expect(new Set(await claims())).toEqual(new Set(['old', 'new']));
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
  }

  test('both have the old one again where the next run fails before it has changed any', async () => {
    await cutBetween();
    await expect(run(failLast, 'repoint')).rejects.toThrow('the disk is gone');
    expect(await claims()).toEqual(['old', 'old']);
    expect([replicasOf(await named('also')), replicasOf(await named('web'))]).toEqual([1, replicas]);
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('one that somebody has started with the new one is named, with how to stop it', async () => {
    await cutBetween();
    const [first] = await claims();
    const given = first === 'new' ? 'also' : 'web';
    await scale(given, 1);
    forgetEvents();
    await expect(run(undefined, 'repoint')).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        new RegExp(
          `^Deployment ${given} .* was started with the new claim, and .* changed after its last copy`,
        ),
      ),
      details: expect.arrayContaining([
        expect.stringMatching(
          new RegExp(`patch deployment/${given} -p '{"spec":{"replicas":0,.*, and the same`),
        ),
      ]),
    });
    expect(events).toEqual([]);
  });
});

describe('a run that was ended once all was over, and before its record said so', () => {
  /** The mark says by then where the workload has gone, which counts as a change of a Deployment. */
  async function killedOnceMoved(then: Then): Promise<void> {
    const { patch } = kube;
    kube.patch = async (resource, ref, change, options) => {
      const changed = await patch.call(kube, resource, ref, change, options);
      if ((await markNow())?.moved)
        kube.before = ({ verb, collection }) => {
          if (verb === 'update' && collection.endsWith('/configmaps')) throw new X8sError('killed');
        };
      return changed as never;
    };
    await expect(run(undefined, then)).rejects.toThrow('killed');
    kube.patch = patch;
    reconnect();
    forgetEvents();
  }

  test.each<[Then, number]>([
    ['target', replicas],
    ['nothing', 0],
  ])('is gone on with by the same command: --then %s', async (then, next) => {
    await killedOnceMoved(then);
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
    const mark = await markNow();
    expect(await run(undefined, then)).toMatchObject({ resumed: true, passes: [] });
    expect(await counts()).toEqual({ web: 0, next });
    expect(await recordNow()).toMatchObject({ phase: 'Succeeded' });
    // Noted anew, it would count as changed for a run after this one.
    expect(await markNow()).toEqual(mark);
  });

  test('is not where the source has run since', async () => {
    await killedOnceMoved('target');
    for (const count of [replicas, 0]) await scaleWeb(count);
    await expect(run()).rejects.toThrow(/^Deployment next \(3\) of the target was started, and/);
    expect(await counts()).toEqual({ web: 0, next: replicas });
  });
});

test('a cutover whose record is gone is not made again by the same command: its target has run since', async () => {
  await run();
  const { name } = await recordNow();
  await kube.delete(configMaps, { namespace, name });
  await scale('next', 0);
  forgetEvents();
  await expect(run()).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(
      /^Deployment web \(3\) .* was moved to claim shop\/new by cutover cutover-/,
    ),
    hint: expect.stringMatching(/--again makes it once more what the source is/),
  });
  expect([events, await counts()]).toEqual([[], { web: 0, next: 0 }]);
  expect(await markNow()).toMatchObject({ moved: true });
  expect(await run(undefined, 'target', undefined, true)).toMatchObject({ stopped: [] });
});

test('what was started by hand and is stopped by hand later, as it is copied, stands still for no cutover', async () => {
  await expect(run(cutOff)).rejects.toThrow('no answer');
  reconnect();
  await scaleWeb(replicas);
  const isMarked = async () => {
    const { metadata } = await kube.get(deployments, { namespace, name: 'web' });
    return metadata.annotations?.[stopMarkKey] !== undefined;
  };
  expect(await isMarked()).toBe(true);
  const stoppedByHand = run(async (_, pass) => {
    if (pass !== 1) return;
    expect(await isMarked()).toBe(false);
    await scaleWeb(0);
  });
  await expect(stoppedByHand).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^what mounts fake\/shop\/old is not what it was when this began/),
  });
});
