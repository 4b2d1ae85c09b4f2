/** Tasks between claims of one name in two clusters: list and status name the clusters. */
import { expect, test } from '@jest/globals';
import { describeTask, tableOf } from '../../../../../plugins/x8sync/commands/task-output.ts';
import { listTasks } from '../../../../../plugins/x8sync/records/inventory.ts';
import { lookAtAll } from '../../../../../plugins/x8sync/records/look.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { renderTable } from '../../../../../src/cli/table.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();
const clusterOf = (context: string) =>
  fakeKube(new FakeCluster(), { context, server: `https://${context}.test:6443` });
const spec = {
  ...{ sourceClaim: 'shop/data', sourceUid: '1', targetClaim: 'shop/data', targetUid: '2', mode: 'merge' },
};

/** What `list` and `status` show of a finished task, from the cluster of this side. */
async function shown(
  role: 'source' | 'target',
  kube: FakeKube,
  other: FakeKube,
  connectTo: () => Promise<KubeClient>,
) {
  const store = storeOf(kube, { clock });
  const peer = { server: other.cluster.server, namespace: 'shop' };
  const { record } = await store.open({ namespace: 'shop', task: 'db', role, spec, peer });
  await store.update(record, (state) => Object.assign(state, { phase: 'Succeeded' }));
  const entries = await listTasks(store, kube, { signal });
  const context = { reporter: createSilentReporter(), clock, signal, onAbandoned: () => {}, connectTo };
  const tasks = await lookAtAll(entries, kube, { ...context, timeoutMs: 1000 });
  const table = renderTable(tableOf(tasks, clock.now()), { wide: false });
  const [task] = tasks;
  return [table, task && describeTask(task, clock.now())].join('\n');
}

test.each(['source', 'target'] as const)('seen from the %s: by the names of contexts', async (role) => {
  const [a, b] = [clusterOf('a'), clusterOf('b')];
  const [here, there] = role === 'source' ? [a, b] : [b, a];
  const text = await shown(role, here, there, async () => there);
  expect(text).toMatch(/^db +Succeeded +a\/shop\/data +b\/shop\/data /m);
  expect(text).toMatch(/^Source: +a\/shop\/data\nTarget: +b\/shop\/data$/m);
});

test('a cluster that no context leads to is named by its server', async () => {
  const [a, b] = [clusterOf('a'), clusterOf('b')];
  const text = await shown('target', b, a, () => Promise.reject(new UnreachableError('no context')));
  expect(text).toMatch(/^db +Succeeded +a.test:6443\/shop\/data +b\/shop\/data /m);
});

test('within one cluster it is not named', async () => {
  const a = clusterOf('a');
  expect(await shown('target', a, a, async () => a)).toMatch(/^db +Succeeded +shop\/data +shop\/data /m);
});
