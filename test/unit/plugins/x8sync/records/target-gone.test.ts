/** A task whose target's record or namespace was deleted by hand: its cluster is reached, and says so. */
import { expect, test } from '@jest/globals';
import { attach } from '../../../../../plugins/x8sync/records/attach.ts';
import { cancel } from '../../../../../plugins/x8sync/records/cancel.ts';
import { listTasks } from '../../../../../plugins/x8sync/records/inventory.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import { ExitCode, exitCodeOf, UnreachableError } from '../../../../../src/errors.ts';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';
import { namespaces } from '../../../../../src/kube/api/resources.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();
const commands = { attach, cancel };

/** What a command says of a task whose source alone has a record. */
async function failureOf(
  name: keyof typeof commands,
  connectTo: () => Promise<KubeClient>,
): Promise<unknown> {
  const kube = fakeKube(new FakeCluster(), { context: 'a', server: 'https://a' });
  const store = storeOf(kube, { clock });
  const peer = { server: 'https://b', namespace: 'shop' };
  await store.open({ namespace: 'shop', task: 'db', role: 'source', spec: { targetUid: '2' }, peer });
  const [entry] = await listTasks(store, kube, { task: 'db', signal });
  if (!entry) throw new Error('there is no such task');
  const context = { reporter: createSilentReporter(), clock, signal, onAbandoned: () => {}, connectTo };
  const call: Promise<unknown> = commands[name](entry, kube, { ...context, timeoutMs: 1000 });
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const names = ['attach', 'cancel'] as const;
const hint = expect.stringContaining('kubectl x8sync cleanup db -n shop --context a');

test.each(names)('%s says that the namespace is gone, and names cleanup', async (name) => {
  const b = fakeKube(new FakeCluster(), { context: 'b', server: 'https://b' });
  const error = await failureOf(name, async () => b);
  expect(error).toMatchObject({ message: expect.stringContaining('namespace shop of b is gone'), hint });
  expect(exitCodeOf(error)).toBe(ExitCode.failed);
});

test.each(names)('%s says that the record is gone where the namespace is there', async (name) => {
  const b = fakeKube(new FakeCluster(), { context: 'b', server: 'https://b' });
  await b.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const error = await failureOf(name, async () => b);
  expect(error).toMatchObject({ message: expect.stringContaining('shop of b has no record of it'), hint });
});

test.each(names)('%s says that the cluster is not reached only where it is not', async (name) => {
  const error = await failureOf(name, () => Promise.reject(new UnreachableError('away')));
  expect(exitCodeOf(error)).toBe(ExitCode.unreachable);
});
