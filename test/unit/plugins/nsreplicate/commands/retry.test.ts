/** `retry` says what it tries again, and what waits for an approval instead. */
import { expect, test } from '@jest/globals';
import { RetryCommand } from '../../../../../plugins/nsreplicate/commands/retry.ts';
import { type JobRecord, textOfJobs } from '../../../../../plugins/nsreplicate/jobs/records.ts';
import { readControl } from '../../../../../plugins/nsreplicate/state/control.ts';
import { takeLease } from '../../../../../plugins/nsreplicate/state/lease.ts';
import { blankState } from '../../../../../plugins/nsreplicate/state/saved-state.ts';
import { stateDocument, type TaskStatus } from '../../../../../plugins/nsreplicate/state/state.ts';
import { metadataOf } from '../../../../../plugins/nsreplicate/state/task-objects.ts';
import type { KubeCommandContext } from '../../../../../src/cli/kube-command.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import { fakeClock, hastyClock } from '../../../support/fake-clock.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const job = (name: string, reason: string): JobRecord => ({
  ...{ change: 'deleted', kind: 'Secret', namespace: 'shop', name, replica: 'b', state: 'failed' },
  ...{ reason, attempts: 1, startedAt: '2026-01-01T00:00:00Z', parked: true },
});

const elsewhere = 'agent@pod pid=7 id=ab machine=other start=1';
let renewals = 0;
const renewed = ({ spec, ...lease }: KubeObject): KubeObject => ({
  ...lease,
  spec: { ...(spec as object), renewTime: new Date(++renewals).toISOString() },
});

/** What comes of a retry where some jobs fail, and what a run is asked to do then. */
async function retry(
  jobs: readonly JobRecord[],
  flags: Partial<RetryCommand> = { all: true },
  isHeld = true,
) {
  const cluster = new FakeCluster();
  const unapproved = jobs.filter(({ reason }) => reason === 'brake').length;
  const status = {
    ...{
      task: 't',
      phase: 'Watching',
      startedAt: '2026-01-01T00:00:00Z',
      primary: { name: 'a', server: '' },
    },
    replicas: [{ name: 'b', behind: { pending: 0 }, failed: jobs.length, parked: jobs.length, unapproved }],
  } as unknown as TaskStatus;
  const { data } = stateDocument(status, blankState());
  cluster.create('/configmaps', { metadata: metadataOf('t', 'state'), data });
  cluster.create('/configmaps', {
    metadata: metadataOf('t', 'jobs-failed-0'),
    data: { records: textOfJobs(jobs) },
  });
  const kube = fakeKube(cluster, { context: 'a' });
  const [clock, { signal }] = [hastyClock(), new AbortController()];
  if (isHeld) {
    await takeLease({ kube, task: 't', purpose: 'watch', holder: elsewhere, clock: fakeClock(), signal });
    // Whoever has it renews it, as often as it is looked at.
    kube.after = ({ verb, collection }) => {
      const lease = verb === 'get' && collection.endsWith('/leases') && cluster.all(collection)[0];
      if (lease) cluster.replace(collection, renewed(lease));
    };
  }
  const context = {
    ...{ binaryName: 'x', clock, signal, kube: async () => kube },
  } as unknown as KubeCommandContext;
  const blank = {
    name: 't',
    primary: undefined,
    replica: [],
    all: false,
    kind: undefined,
    object: undefined,
  };
  try {
    const outcome = await Object.assign(new RetryCommand(), blank, flags).run(context);
    return { outcome, asked: (await readControl(kube, 't')).retry };
  } finally {
    await kube.close();
  }
}

test('what an approval lets go on is neither counted nor tried again', async () => {
  const { outcome, asked } = await retry([job('a', 'brake'), job('b', 'brake')]);
  expect(outcome).toEqual({
    data: { retried: 0, unapproved: 2 },
    text: '2 failed jobs wait for `approve`, and a retry would only fail again.',
  });
  expect(asked).toBeUndefined();
  const one = retry([job('a', 'brake')], { kind: 'Secret', object: 'shop/a' });
  await expect(one).rejects.toThrow('Secret shop/a waits for `approve`');
});

test('all else is, and what is not is said beside it', async () => {
  const { outcome, asked } = await retry([job('a', 'brake'), job('b', 'invalid')]);
  expect(outcome.text).toBe(
    '1 failed job will be tried again; `jobs` shows what comes of it.\n1 failed job waits for `approve`, and a retry would only fail again.',
  );
  expect(asked).toMatchObject({ id: expect.any(String) });
});

test('where nobody is at work, that is said, though the record says that somebody is', async () => {
  const { outcome, asked } = await retry([job('b', 'invalid')], { all: true }, false);
  expect(outcome.text).toContain('Nobody is at work on the task');
  expect(asked).toMatchObject({ id: expect.any(String) });
});
