/** What a comparison of a task's claims takes from the task. */
import { expect, test } from '@jest/globals';
import {
  isReachGiven,
  type NetworkFlags,
  reachFlags,
} from '../../../../../plugins/x8sync/commands/options/network-options.ts';
import { listTasks } from '../../../../../plugins/x8sync/records/inventory.ts';
import { CopyTask } from '../../../../../plugins/x8sync/run/copy/copy-task.ts';
import type { CopyRequest } from '../../../../../plugins/x8sync/run/request/request.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { pairOfTask } from '../../../../../plugins/x8sync/verify/pair.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import { persistentVolumeClaims } from '../../../../../src/kube/api/resources.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();

/** Begins a copy with these wishes, and gives what a comparison finds of it in the cluster of one side. */
async function pairAfter(wishes: Partial<CopyRequest>, from: 'source' | 'target') {
  const sides = {
    source: fakeKube(new FakeCluster(), { context: 'a', server: 'https://a' }),
    target: fakeKube(new FakeCluster(), { context: 'b', server: 'https://b' }),
  };
  for (const kube of Object.values(sides))
    await kube.create(persistentVolumeClaims, { metadata: { namespace: 'shop', name: 'data' }, spec: {} });
  const request: CopyRequest = {
    ...{ source: { kube: sides.source, namespace: 'shop', claim: 'data' }, name: 'db', mode: 'merge' },
    target: { kube: sides.target, namespace: 'shop', claim: 'data' },
    ...{ allowMounted: false, trustedXattrs: false, checksum: false, strategies: [], image: 'm' },
    timeoutMs: 1000,
    ...wishes,
  };
  const context = { reporter: createSilentReporter(), clock, signal, onAbandoned: () => {} };
  const task = new CopyTask(request, context, new AbortController());
  const claims = { sourceClaim: 'shop/data', targetClaim: 'shop/data' };
  const spec = { ...claims, mode: 'merge', runAs: '7:8', trustedXattrs: 'true' };
  const options = { spec, pair: 'p', claimUid: '1', check: async () => {} };
  await task.openSource(options, await task.openTarget(options));
  await task.release();
  const kube = sides[from];
  const [entry] = await listTasks(storeOf(kube, { clock }), kube, { task: 'db', signal });
  if (!entry) throw new Error('there is no such task');
  const connectTo = async (server: string) => (server === 'https://a' ? sides.source : sides.target);
  return pairOfTask(entry, kube, { connectTo, signal });
}

test.each(['source', 'target'] as const)(
  'the direction, the strategies and the Service, seen from the %s',
  async (from) => {
    const service = { sourceRanges: ['10.0.0.0/8'], nodePort: 30_001, host: { host: 'nat', port: 22 } };
    const wishes = { push: true, strategies: ['nodeport'] as const, service };
    const { reach, runAs, trustedXattrs } = await pairAfter(wishes, from);
    expect(reach).toEqual(wishes);
    expect({ runAs, trustedXattrs }).toEqual({ runAs: { uid: 7, gid: 8 }, trustedXattrs: true });
  },
);

test('of a task for which nothing was asked, nothing', async () => {
  const { reach } = await pairAfter({}, 'target');
  expect(reach).toEqual({ strategies: [] });
  expect(reach && reachFlags(reach)).toEqual([]);
});

const none: NetworkFlags = {
  ...{ push: false, strategies: [], sourceRange: [], serviceAnnotation: [], publicLoadBalancer: false },
  ...{ nodePort: undefined, sourceHost: undefined, targetHost: undefined },
};

test('any flag of these stands in the place of all that the task had', () => {
  expect(isReachGiven(none)).toBe(false);
  const each: Partial<NetworkFlags>[] = [
    { push: true },
    { strategies: ['relay'] },
    { sourceRange: ['10.0.0.0/8'] },
    { serviceAnnotation: ['a=b'] },
    { publicLoadBalancer: true },
    { nodePort: 1 },
    { sourceHost: 'a' },
    { targetHost: 'a' },
  ];
  for (const flags of each) expect(isReachGiven({ ...none, ...flags })).toBe(true);
});

test('what is told of it are the flags themselves', () => {
  const service = {
    ...{ sourceRanges: ['10.0.0.0/8'], annotations: { a: 'b' }, isPublic: true },
    ...{ nodePort: 30_001, host: { host: '2001:db8::1', port: 22 } },
  };
  expect(reachFlags({ push: true, strategies: ['nodeport', 'loadbalancer'], service }).join(' ')).toBe(
    '--push --strategy nodeport,loadbalancer --source-range 10.0.0.0/8 --service-annotation a=b ' +
      '--public-load-balancer --node-port 30001 --target-host [2001:db8::1]:22',
  );
});
