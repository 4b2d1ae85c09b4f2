/** What a policy of a cluster declines: before anything is stopped where that can be known, and else nothing stays stopped. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import { deployments } from '../../../../../src/kube/api/resources.ts';
import { stopMarkKey } from '../../../../../src/tasks/names.ts';
import {
  claimIn,
  counts,
  events,
  kube,
  namespace,
  object,
  openShop,
  recordNow,
  replicas,
  reporter,
  run,
  stateNow,
  volumes,
} from '../../../support/cutover-scene.ts';
import { apiError } from '../../../support/fake-cluster.ts';

beforeEach(openShop);

const words = 'admission webhook "policy" denied the request: claims are frozen';
const declined = { exitCode: 3, message: words };
/** A policy against patches that come to such an object. */
function deny(is: (patched: KubeObject) => boolean): void {
  kube.admits = (patched) => {
    if (is(patched)) throw apiError(403, words, 'Forbidden');
  };
}
const web = () => kube.get(deployments, { namespace, name: 'web' });
const isRepointed = (patched: KubeObject) => patched.metadata.name === 'web' && claimIn(patched) === 'new';
const hasPods = ({ spec }: KubeObject) => (spec as { replicas: number }).replicas > 0;

describe('what a policy would decline is found out before anything is stopped', () => {
  test.each([
    ['repoint', isRepointed, 'be given claim new'],
    ['repoint', (patched: KubeObject) => !hasPods(patched), 'be stopped'],
    ['target', (patched: KubeObject) => patched.metadata.name === 'next' && hasPods(patched), 'be started'],
  ] as const)('--then %s', async (then, is, what) => {
    deny(is);
    await expect(run(undefined, then)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        new RegExp(`^Deployment .* can't ${what}, so nothing was stopped: .*frozen$`),
      ),
    });
    expect(events).toEqual([]);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('also where it is about the mark of what is stopped', async () => {
    deny(({ metadata }) => metadata.annotations?.[stopMarkKey] !== undefined);
    await expect(run()).rejects.toThrow(/can't be stopped, so nothing was stopped: .*frozen$/);
    expect(events).toEqual([]);
  });

  test('also where it has come since the first copy', async () => {
    const late = run((_, pass) => {
      if (pass === 1) deny(isRepointed);
    }, 'repoint');
    await expect(late).rejects.toThrow(/nothing was stopped: .*frozen/);
    expect(events).toEqual(['copy']);
  });
});

describe('what is declined once all stands still', () => {
  const onceCopied =
    (is: (patched: KubeObject) => boolean) =>
    ({ isLast }: { readonly isLast: boolean }) => {
      if (isLast) deny(is);
    };

  test('starts the source as it was, where its template could not be changed', async () => {
    await expect(run(onceCopied(isRepointed), 'repoint')).rejects.toMatchObject(declined);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(claimIn(await web())).toBe('old');
    expect(reporter.warnings.at(-1)).toMatch(/^Not cut over: Deployment web \(3\) of the source is told to/);
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
    expect(await recordNow()).toMatchObject({ phase: 'Failed', message: words });
  });

  test('changes back what was changed of others already', async () => {
    const spec = { replicas: 1, template: { spec: volumes('old') } };
    await kube.create(deployments, object('also', { spec }) as never);
    await expect(run(onceCopied(isRepointed), 'repoint')).rejects.toMatchObject(declined);
    const also = await kube.get(deployments, { namespace, name: 'also' });
    expect([claimIn(also), hasPods(also)]).toEqual(['old', true]);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('changes it back where the repointed workload may not be started', async () => {
    const isStarted = (patched: KubeObject) => isRepointed(patched) && hasPods(patched);
    await expect(run(onceCopied(isStarted), 'repoint')).rejects.toMatchObject(declined);
    expect(claimIn(await web())).toBe('old');
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('changes nothing back that named the new claim before', async () => {
    const [first] = volumes('old').volumes;
    const other = { name: 'other', persistentVolumeClaim: { claimName: 'new' } };
    const template = { spec: { containers: [], volumes: [first, other] } };
    await kube.patch(deployments, { namespace, name: 'web' }, { spec: { template } }, { type: 'merge' });
    const isStarted = (patched: KubeObject) => isRepointed(patched) && hasPods(patched);
    await expect(run(onceCopied(isStarted), 'repoint')).rejects.toMatchObject(declined);
    expect((await web()).spec).toMatchObject({ template });
  });

  test("starts the source as it was, where the target's workload may not be started", async () => {
    const isNext = (patched: KubeObject) => patched.metadata.name === 'next' && hasPods(patched);
    await expect(run(onceCopied(isNext))).rejects.toMatchObject(declined);
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });
});
