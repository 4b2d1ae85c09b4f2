/** What belongs to a task, where others have its name. */
import { describe, expect, test } from '@jest/globals';
import { lineOf } from '../../../../../plugins/x8sync/commands/task-output.ts';
import { cleanUp } from '../../../../../plugins/x8sync/records/cleanup.ts';
import { listTasks } from '../../../../../plugins/x8sync/records/inventory.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/copy-task.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import type { KubeClient } from '../../../../../src/kube/client.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();
const clusterOf = (context: string) => fakeKube(new FakeCluster(), { context, server: `https://${context}` });
const shop = {
  sourceClaim: 'shop/data',
  sourceUid: '1',
  targetClaim: 'shop/copy',
  targetUid: '2',
  mode: 'merge',
};
const blog = {
  sourceClaim: 'blog/data',
  sourceUid: '3',
  targetClaim: 'blog/copy',
  targetUid: '4',
  mode: 'merge',
};

/** One side of a task of the name `db`. */
async function side(kube: KubeClient, role: 'source' | 'target', spec: typeof shop, peer: KubeClient) {
  const namespace = spec.sourceClaim.split('/')[0] ?? '';
  const peerRef = { server: peer.cluster.server, namespace };
  await storeOf(kube, { clock }).open({ namespace, task: 'db', role, spec, peer: peerRef });
}

const recordsOf = async (kube: KubeClient) =>
  (await storeOf(kube, { clock }).list()).map(({ namespace, name }) => `${namespace}/${name}`);

/** Cleans up the task whose source is in the first cluster. */
async function cleanUpSource(kube: KubeClient, other: KubeClient): Promise<void> {
  const entries = await listTasks(storeOf(kube, { clock }), kube, { task: 'db', signal });
  const entry = entries.find(({ records }) => records.source);
  if (!entry) throw new Error('there is no such task');
  const connectTo = async () => other;
  const context = { reporter: createSilentReporter(), clock, signal, onAbandoned: () => {}, connectTo };
  await cleanUp(entry, kube, { ...context, timeoutMs: 1000 });
}

describe('two tasks of one name', () => {
  test('in two namespaces are two, and the clean-up of one leaves the other alone', async () => {
    const [a, b] = [clusterOf('a'), clusterOf('b')];
    await side(a, 'source', shop, b);
    await side(b, 'target', shop, a);
    await side(a, 'target', blog, b);
    await side(b, 'source', blog, a);
    const entries = await listTasks(storeOf(a, { clock }), a, { task: 'db', signal });
    expect(entries.map(lineOf).sort()).toEqual([
      'blog/data → blog/copy (here: target in namespace blog)',
      'shop/data → shop/copy (here: source in namespace shop)',
    ]);
    await cleanUpSource(a, b);
    expect(await recordsOf(a)).toEqual(['blog/x8sync-db-target']);
    expect(await recordsOf(b)).toEqual(['blog/x8sync-db-source']);
  });

  test('are not taken for two sides of one, whichever came later', async () => {
    const [a, b, c] = [clusterOf('a'), clusterOf('b'), clusterOf('c')];
    await side(a, 'source', shop, b);
    await side(b, 'target', { ...shop, sourceUid: '5' }, c);
    await cleanUpSource(a, b);
    expect(await recordsOf(a)).toEqual([]);
    expect(await recordsOf(b)).toEqual(['shop/x8sync-db-target']);
  });
});
