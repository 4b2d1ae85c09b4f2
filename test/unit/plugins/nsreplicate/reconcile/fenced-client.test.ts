/** What ends a write: the loss of the right to write, and nothing else; before it is begun, also the run's end. */
import { expect, test } from '@jest/globals';
import { fencedClient, WRITE_MS } from '../../../../../plugins/nsreplicate/reconcile/fenced-client.ts';
import type { WriteOptions } from '../../../../../src/kube/api/client.ts';
import { configMaps } from '../../../../../src/kube/api/resources.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const object = { metadata: { namespace: 'n', name: 'a' } };

const LONG_MS = 60_000;

function scene(fence: () => Promise<number> = async () => LONG_MS) {
  const [run, lost] = [new AbortController(), new AbortController()];
  const seen: (WriteOptions | undefined)[] = [];
  const kube = fakeKube(new FakeCluster());
  kube.apply = async (_resource, applied, options) => {
    seen.push(options);
    return applied;
  };
  const client = fencedClient(kube, { fence, lost: lost.signal });
  const apply = (dryRun = false) =>
    client.apply(configMaps, object, { fieldManager: 'm', signal: run.signal, dryRun });
  return { run, lost, seen, apply };
}

test('a write that was begun is ended by the loss of the right to write, and not by the end of the run', async () => {
  const { run, lost, seen, apply } = scene();
  await apply();
  expect(seen[0]).toMatchObject({ notAfterMs: WRITE_MS });
  run.abort();
  expect(seen[0]?.signal?.aborted).toBe(false);
  lost.abort();
  expect(seen[0]?.signal?.aborted).toBe(true);
});

test('none is made after another process may write, though whoever sent it is gone by then', async () => {
  const left = [4000, 60_000];
  const { seen, apply } = scene(async () => left.shift() ?? 0);
  await apply();
  await apply();
  expect(seen).toMatchObject([{ notAfterMs: 4000 }, { notAfterMs: WRITE_MS }]);
});

test('none is begun after the run has ended, not even while it was asked whether it may be', async () => {
  const asked = Promise.withResolvers<number>();
  const { run, seen, apply } = scene(() => asked.promise);
  const writing = apply();
  run.abort(new Error('the run has ended'));
  asked.resolve(LONG_MS);
  await expect(writing).rejects.toThrow('the run has ended');
  expect(seen).toEqual([]);
});

test('a dry run asks nobody, and ends with the run', async () => {
  const { run, seen, apply } = scene(() => Promise.reject(new Error('fenced')));
  await apply(true);
  run.abort();
  expect(seen[0]?.signal?.aborted).toBe(true);
});
