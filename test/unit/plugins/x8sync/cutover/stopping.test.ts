/** What a cutover stops, as it is at that moment; and a cutover that is over is not made again. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { deployments } from '../../../../../src/kube/api/resources.ts';
import {
  counts,
  events,
  failLast,
  forgetEvents,
  kube,
  left,
  object,
  openShop,
  recordNow,
  replicas,
  reporter,
  run,
  scaleWeb,
  stateNow,
  volumes,
} from '../../../support/cutover-scene.ts';

beforeEach(openShop);

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

  test('is made again where that is said', async () => {
    await run();
    await run(undefined, 'target', undefined, true);
    expect(await recordNow()).toMatchObject({ phase: 'Succeeded', run: 2 });
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
    await run(({ verify }) => {
      if (verify) seen = left();
    });
    expect(seen).toEqual([`kubectl --context fake -n shop scale deployment/web --replicas=${replicas}`]);
    expect(left()).toEqual([]);
  });

  test('is told to start again, which nobody has waited for', async () => {
    await expect(run(failLast)).rejects.toThrow('the disk is gone');
    expect(reporter.warnings).toContainEqual(
      expect.stringMatching(/^Not cut over: Deployment web \(3\) of the source is told to start/),
    );
  });
});
