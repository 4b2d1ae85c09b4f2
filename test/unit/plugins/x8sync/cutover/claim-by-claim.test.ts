/** A workload with several claims goes over claim by claim: none of them is older at the target than what it wrote last. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Then } from '../../../../../plugins/x8sync/records/cutover-state.ts';
import type { CopyRequest } from '../../../../../plugins/x8sync/run/request/request.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import { deployments } from '../../../../../src/kube/api/resources.ts';
import {
  addVolumes,
  counts,
  events,
  forgetEvents,
  kube,
  makeClaims,
  markNow,
  namespace,
  openShop,
  replicas,
  reporter,
  run,
  scaleWeb,
} from '../../../support/cutover-scene.ts';

const second = { index: 'index-copy', cache: 'cache-copy' };

beforeEach(async () => {
  await openShop();
  await makeClaims(...Object.keys(second), ...Object.values(second));
  await addVolumes('web', ['index']);
  await addVolumes('next', ['index-copy']);
});

const ref = (claim: string) => ({ kube, namespace, claim });

/** The further claim goes over. */
const runOther = (afterwards: Then = 'nothing', again = false, claim: keyof typeof second = 'index') =>
  run(undefined, afterwards, undefined, again, { source: ref(claim), target: ref(second[claim]) });

const runLast = (more: Partial<CopyRequest> = {}) => run(undefined, 'target', undefined, false, more);

test('the last one starts the target, where the workload has stood still since the first one', async () => {
  await runOther();
  expect(await counts()).toEqual({ web: 0, next: 0 });
  expect(await runLast()).toMatchObject({ stopped: [], started: [`Deployment next (${replicas})`] });
  expect(await markNow()).toMatchObject({
    claims: [{ claim: 'index' }, { claim: 'old', target: 'shop/new' }],
  });
});

test('so it does where there are three', async () => {
  await addVolumes('web', ['cache']);
  await addVolumes('next', ['cache-copy']);
  await runOther();
  await runOther('nothing', false, 'cache');
  expect(await runLast()).toMatchObject({ started: [`Deployment next (${replicas})`] });
});

describe('a workload that was started again after its first claim had gone over', () => {
  test('and runs does not go over with the last one, whatever was agreed to, until the first one is copied once more', async () => {
    await runOther();
    await scaleWeb(2);
    forgetEvents();
    for (const confirmed of [false, true])
      await expect(runLast({ confirmed })).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(
          /^Deployment web runs again since its claim index was cut over to shop\/index-copy, where what it has written since is missing: .* so nothing was stopped$/,
        ),
        details: ['kubectl x8sync --cutover --again --then nothing fake/shop/index fake/shop/index-copy'],
        hint: expect.stringMatching(/then run the same command again/),
      });
    expect([events, await counts()]).toEqual([[], { web: 2, next: 0 }]);
    await runOther('nothing', true);
    expect(await runLast()).toMatchObject({ started: ['Deployment next (2)'] });
  });

  test('and stands still once more does not either', async () => {
    await runOther();
    await scaleWeb(2);
    await scaleWeb(0);
    forgetEvents();
    await expect(runLast({ confirmed: true })).rejects.toThrow(
      /^Deployment web was changed, and may have run, since its claim index was cut over to shop\/index-copy/,
    );
    expect([events, await counts()]).toEqual([[], { web: 0, next: 0 }]);
    await runOther('nothing', true);
    expect(await runLast()).toMatchObject({ started: ['Deployment next (3)'] });
  });

  test('for a while, as the last one is copied, does not start the target', async () => {
    await runOther();
    const late = run(async (_, pass) => {
      if (pass > 1) return;
      for (const count of [1, 0]) await scaleWeb(count);
    });
    await expect(late).rejects.toThrow(
      /^Deployment web was changed, and may have run, since its claim index/,
    );
    expect(await counts()).toEqual({ web: 0, next: 0 });
  });

  test('is told where the target is not to start, too', async () => {
    await runOther();
    await scaleWeb(2);
    await run(undefined, 'nothing');
    expect(reporter.warnings).toContainEqual(
      expect.stringMatching(
        /^Deployment web runs again since its claim index .*has to be cut over once more$/,
      ),
    );
  });
});

describe('a workload that was stopped by hand', () => {
  test('starts at the target with a claim that nobody is known to have copied only where that is agreed to', async () => {
    await scaleWeb(0);
    await expect(runLast()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^Deployment web mounts other claims as well, which are not copied by this, nor known to be copied since it has no pods: index: /,
      ),
      hint: expect.stringMatching(/--yes/),
    });
    expect(await runLast({ confirmed: true })).toMatchObject({ started: ['Deployment next (1)'] });
  });
});

test('one change of a workload that stands still is none that has let it run', async () => {
  await runOther();
  const web: KubeObject = await kube.get(deployments, { namespace, name: 'web' });
  const generation = (web.metadata.generation ?? 0) + 1;
  await kube.replace(deployments, { ...web, metadata: { ...web.metadata, generation } } as never);
  expect(await runLast()).toMatchObject({ started: [`Deployment next (${replicas})`] });
});
