/** Who may take a task whose holder is gone, and when. */
import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { rightToWrite, takeLease } from '../../../../../plugins/nsreplicate/state/lease.ts';
import { formatHolder, livenessOf, thisProcess } from '../../../../../src/tasks/holder.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

test('a process of this machine that was killed is waited for as any other: a server may still make its last write', async () => {
  const cluster = new FakeCluster();
  const { signal } = new AbortController();
  const request = { kube: fakeKube(cluster), task: 't', purpose: 'watch', signal };
  const gone = { ...thisProcess(), pid: spawnSync('true').pid };
  expect(livenessOf(gone)).toBe('dead');
  await takeLease({ ...request, holder: formatHolder(gone), clock: fakeClock() });
  const clock = fakeClock();
  const waited: string[] = [];
  const taking = takeLease({ ...request, clock, waiting: ({ holder }) => waited.push(holder) });
  let isTaken = false;
  void taking.then(() => {
    isTaken = true;
  });
  await clock.advance(rightToWrite.staleAfterMs - 1000);
  expect([isTaken, waited]).toEqual([false, [formatHolder(gone)]]);
  await clock.advance(2000);
  await (await taking).release();
});
