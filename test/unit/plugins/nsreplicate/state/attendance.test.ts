/** Whether somebody is at work on a task: told by a Lease that moves. The cluster is a fake. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { attendanceOf } from '../../../../../plugins/nsreplicate/state/attendance.ts';
import { rightToWrite, takeLease } from '../../../../../plugins/nsreplicate/state/lease.ts';
import { formatHolder, thisProcess } from '../../../../../src/tasks/holder.ts';
import { fakeClock, hastyClock } from '../../../support/fake-clock.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const elsewhere = 'agent@pod pid=7 id=ab machine=other start=1';
const { signal } = new AbortController();
const watching = { task: 't', phase: 'Watching' } as const;

async function scene(task: string, holder: string) {
  const kube = fakeKube(new FakeCluster());
  const clock = fakeClock();
  const lock = await takeLease({ kube, task, purpose: 'watch', holder, clock, signal });
  return { kube, clock, lock };
}

test('a holder elsewhere is at work once its Lease was seen to move, whatever its clock says', async () => {
  const { kube, clock } = await scene('t', elsewhere);
  const asked = attendanceOf(kube, watching, { clock, signal });
  await clock.advance(rightToWrite.heartbeatMs + 500);
  expect(await asked).toMatchObject({ atWork: true, holder: { holder: elsewhere } });
});

test('one whose Lease does not move for as long as it promised is not, also where its clock is ahead', async () => {
  const { kube } = await scene('t', elsewhere);
  // The clock of the one that holds it stands still: it was killed.
  const clock = hastyClock();
  expect(await attendanceOf(kube, watching, { clock, signal })).toMatchObject({ atWork: false });
  expect(clock.monotonic()).toBeGreaterThanOrEqual(rightToWrite.staleAfterMs);
});

test('a task of a controller is judged by the Lease of the controller', async () => {
  const { kube, lock } = await scene('krm-controller', elsewhere);
  const task = { ...watching, guardedBy: 'krm-controller' };
  expect(await attendanceOf(kube, watching, { clock: hastyClock(), signal })).toEqual({
    holder: null,
    atWork: false,
  });
  expect(await attendanceOf(kube, task, { clock: hastyClock(), signal })).toMatchObject({
    holder: { holder: elsewhere },
  });
  await lock.release();
  expect(await attendanceOf(kube, task, { clock: hastyClock(), signal })).toEqual({
    holder: null,
    atWork: false,
  });
});

test('a process of this machine that is stopped is not at work, though it is there', async () => {
  const stopped = spawn('sleep', ['60']);
  try {
    stopped.kill('SIGSTOP');
    const start = readFileSync(`/proc/${stopped.pid}/stat`, 'utf8').split(' ')[21];
    const { kube } = await scene('t', formatHolder({ ...thisProcess(), pid: stopped.pid ?? 0, start }));
    const clock = hastyClock();
    expect(await attendanceOf(kube, watching, { clock, signal })).toMatchObject({ atWork: false });
    expect(clock.monotonic()).toBeGreaterThanOrEqual(rightToWrite.staleAfterMs);
  } finally {
    stopped.kill('SIGKILL');
  }
});

test('a process of this machine that is gone is known at once, and of a task that ended nothing is awaited', async () => {
  const clock = hastyClock();
  const gone = formatHolder({ ...thisProcess(), pid: spawnSync('true').pid });
  const { kube } = await scene('t', gone);
  expect(await attendanceOf(kube, watching, { clock, signal })).toMatchObject({ atWork: false });
  const { kube: other } = await scene('t', elsewhere);
  expect(await attendanceOf(other, { task: 't', phase: 'Stopped' }, { clock, signal })).toMatchObject({
    atWork: false,
  });
  expect(clock.monotonic()).toBe(0);
});
