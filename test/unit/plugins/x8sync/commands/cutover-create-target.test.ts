/** A cutover whose target claim is to be made: what is refused whatever that claim is, is so before it is made. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { CopyCommand } from '../../../../../plugins/x8sync/commands/copy.ts';
import { withTarget } from '../../../../../plugins/x8sync/commands/options/made-target.ts';
import type { KubeAccess } from '../../../../../src/cli/kube-access.ts';
import { RefusedError, X8sError } from '../../../../../src/errors.ts';
import { deployments, persistentVolumeClaims } from '../../../../../src/kube/api/resources.ts';
import {
  cutOff,
  kube,
  makeStranger,
  namespace,
  object,
  openShop,
  reconnect,
  reporter,
  run,
  volumes,
} from '../../../support/cutover-scene.ts';
import { runFake } from '../../../support/fake-plugin.ts';

beforeEach(async () => {
  await openShop();
  await kube.delete(persistentVolumeClaims, { namespace, name: 'new' });
  kube.calls.length = 0;
});

const kubeAccess = () =>
  ({
    connect: async () => kube,
    contexts: async () => [{ name: 'fake', cluster: 'fake', namespace: 'shop' }],
    contextsOfServer: async () => ['fake'],
  }) as unknown as KubeAccess;

const cutOver = (...args: string[]) =>
  runFake(['--cutover', '--create-target', ...args, 'shop/old', 'shop/new'], [CopyCommand], {
    kubeAccess: kubeAccess(),
  });

const isMade = async () =>
  (await kube.find(persistentVolumeClaims, { namespace, name: 'new' })) !== undefined;

describe('no claim is made for a cutover', () => {
  test.each<[string, string[], () => Promise<unknown>, RegExp]>([
    [
      'with nothing to start at the target',
      [],
      () => kube.delete(deployments, { namespace, name: 'next' }),
      /there is nothing to start/,
    ],
    [
      'whose source a pod mounts that can not be scaled',
      ['--then', 'nothing'],
      () => makeStranger('lonely', 'old'),
      /pod shop\/lonely mounts/,
    ],
    [
      'with nothing to repoint',
      ['--then', 'repoint'],
      async () => {
        await kube.patch(
          deployments,
          { namespace, name: 'web' },
          { spec: { replicas: 0 } },
          { type: 'merge' },
        );
      },
      /there is nothing to repoint/,
    ],
    [
      'that would leave a workload stopped',
      [],
      async () => {
        const spec = { replicas: 1, template: { spec: volumes('old') } };
        await kube.create(deployments, object('app2', { spec }) as never);
      },
      /Deployment app2 \(1\)/,
    ],
    [
      'from a source that is none',
      ['--then', 'nothing'],
      () => kube.delete(persistentVolumeClaims, { namespace, name: 'old' }),
      /old/,
    ],
  ])('%s', async (_, options, prepare, message) => {
    await prepare();
    const { exitCode, stderr } = await cutOver(...options);
    expect(stderr).toMatch(message);
    expect(exitCode).not.toBe(0);
    expect(await isMade()).toBe(false);
  });

  test('beside one in its middle whose claim is gone', async () => {
    const claim = { spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Bound' } };
    await kube.create(persistentVolumeClaims, object('new', claim) as never);
    await run(cutOff).catch(() => {});
    reconnect();
    await kube.delete(persistentVolumeClaims, { namespace, name: 'new' });
    const { exitCode, stderr } = await cutOver();
    expect(stderr).toMatch(/a claim of it is gone/);
    expect(exitCode).toBe(3);
    expect(await isMade()).toBe(false);
  });
});

describe('what is refused once the claim is made', () => {
  const ref = (claim: string) => ({ kube, namespace, claim });
  const pair = () => ({ source: ref('old'), target: ref('new') });
  const { signal } = new AbortController();
  const failing = (error: Error, wishes: object | undefined = {}) =>
    withTarget(pair(), wishes, { reporter, signal }, async () => {
      throw error;
    });

  test('says that it was', async () => {
    await expect(failing(new RefusedError('no', { details: ['why'] }))).rejects.toMatchObject({
      message: 'no',
      details: ['why', 'claim fake/shop/new was made before that, and stays'],
    });
    // By now it was there before.
    await expect(failing(new RefusedError('no'))).rejects.toMatchObject({ details: [] });
  });

  test('and another failure is as it was', async () => {
    await expect(failing(new X8sError('the disk is gone'))).rejects.toMatchObject({ details: [] });
    expect(await isMade()).toBe(true);
  });

  test('a claim of a size that was asked for is not to grow', async () => {
    const grows = (wishes: object) =>
      withTarget(pair(), wishes, { reporter, signal }, async (targetIsMade) => targetIsMade);
    expect(await grows({ size: '1Gi' })).toBe(false);
    await kube.delete(persistentVolumeClaims, { namespace, name: 'new' });
    expect(await grows({})).toBe(true);
    expect(await grows({})).toBe(false);
  });
});
