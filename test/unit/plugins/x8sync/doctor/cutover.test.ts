/** What `doctor --cutover` tells of a shop whose workload is to be cut over. */
import { beforeEach, expect, test } from '@jest/globals';
import { readClaims } from '../../../../../plugins/x8sync/cutover/claims.ts';
import { cutoverFindings, movedHereFindings } from '../../../../../plugins/x8sync/doctor/cutover.ts';
import { deployments } from '../../../../../src/kube/api/resources.ts';
import {
  clock,
  counts,
  events,
  kube,
  namespace,
  object,
  openShop,
  run,
  scale,
  volumes,
} from '../../../support/cutover-scene.ts';

beforeEach(openShop);

const { signal } = new AbortController();

async function found(afterwards: 'target' | 'repoint' = 'target', again = false) {
  const ref = (claim: string) => ({ kube, namespace, claim });
  const { source, target } = await readClaims(ref('old'), ref('new'), signal);
  return cutoverFindings({ source, target, isOneCluster: true }, { afterwards, again }, signal);
}

test('what would be stopped and started is told, and nothing is touched', async () => {
  expect(await found()).toMatchObject([
    {
      side: 'both',
      check: 'cutover',
      verdict: 'ok',
      message:
        'Will stop Deployment web (3) of fake/shop/old; Will start Deployment next (3) of fake/shop/new',
    },
  ]);
  expect(await counts()).toEqual({ web: 3, next: 0 });
  expect(events).toEqual([]);
});

test('what a cutover warns of is a note', async () => {
  const spec = { replicas: 0, template: { spec: volumes('old') } };
  await kube.create(deployments, object('idle', { spec }) as never);
  const notes = (await found()).filter(({ verdict }) => verdict === 'note');
  expect(notes).toMatchObject([
    { message: expect.stringMatching(/^Deployment idle mounts .*is left as it is$/) },
  ]);
});

test('what it would be refused for is a failure, with its exit code', async () => {
  await kube.delete(deployments, { namespace, name: 'next' });
  expect(await found()).toMatchObject([
    { verdict: 'failed', exitCode: 3, message: expect.stringMatching(/there is nothing to start/) },
  ]);
});

test('that the target was cut over to before is a failure, of a plain copy as well', async () => {
  const ref = (claim: string) => ({ kube, namespace, claim });
  const looked = () => movedHereFindings({ source: ref('old'), target: ref('new') }, { clock, signal });
  expect(await looked()).toEqual([]);
  await run();
  expect(await looked()).toMatchObject([
    {
      side: 'target',
      verdict: 'failed',
      exitCode: 3,
      message: expect.stringMatching(/was cut over to from/),
    },
  ]);
});

test('what was moved before may be moved again, where that is agreed to', async () => {
  await run();
  await scale('next', 0);
  expect(await found()).toMatchObject([{ verdict: 'failed', hint: expect.stringMatching(/--again/) }]);
  expect((await found('target', true)).map(({ verdict }) => verdict)).not.toContain('failed');
  const ref = (claim: string) => ({ kube, namespace, claim });
  const pair = { source: ref('old'), target: ref('new') };
  expect(await movedHereFindings({ ...pair, again: true }, { clock, signal })).toEqual([]);
});
