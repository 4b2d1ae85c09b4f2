import { expect, test } from '@jest/globals';
import { markCancelled } from '../../../../../../plugins/x8sync/run/cancellation.ts';
import { CopyTask } from '../../../../../../plugins/x8sync/run/copy/copy-task.ts';
import { storeOf } from '../../../../../../plugins/x8sync/run/request/task-store.ts';
import { systemClock as clock } from '../../../../../../src/clock.ts';
import { InterruptedError } from '../../../../../../src/errors.ts';
import { configMaps, jobs } from '../../../../../../src/kube/api/resources.ts';
import { taskLabels } from '../../../../../../src/tasks/names.ts';
import type { TaskState } from '../../../../../../src/tasks/record.ts';
import { createSilentReporter } from '../../../../../../src/ui/silent-reporter.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

const [ref, taskContext] = [
  { namespace: 'shop', claim: 'data' },
  { clock, onAbandoned: () => {} },
];

/** What fails of itself, and is no signal to the process. */
class Failure extends Error {}

/** Opens a task at the target, and how to end its run: gives what is said and left then. */
async function opened(
  name: string | undefined,
  kube = fakeKube(),
  {
    isRelayed = false,
    again = false,
    cutover = false,
    copying = false,
    onGivenUp = (_: boolean) => {},
    check = async (_: AbortController) => {},
  } = {},
) {
  const process = new AbortController();
  const side = { kube, ...ref };
  const context = { ...taskContext, onGivenUp, reporter: createSilentReporter(), signal: process.signal };
  const rest = {
    allowMounted: false,
    trustedXattrs: false,
    checksum: false,
    strategies: [],
    image: 'mover',
    timeoutMs: 1000,
  };
  const request = { source: side, target: side, name, again, cutover, mode: 'merge' as const, ...rest };
  const task = new CopyTask(request, context, new AbortController());
  Object.assign(task, { isRelayed, copying });
  const opening = task.openTarget({ spec: {}, pair: 'p', claimUid: '1', check: () => check(process) });
  try {
    await opening;
  } catch (error) {
    if (error !== process.signal.reason) {
      await task.release();
      throw error;
    }
  }
  return async (reason: Error) => {
    if (!(reason instanceof Failure)) process.abort(reason);
    const error = await task.giveUp(reason);
    await task.release();
    return { error, records: (await kube.list(configMaps)).items.map(({ metadata }) => metadata.name) };
  };
}

/** Changes the record of task `db`, as somebody else. */
async function change(kube: ReturnType<typeof fakeKube>, how: (state: TaskState) => void): Promise<void> {
  const store = storeOf(kube, { clock });
  const [record] = await store.list();
  if (record) await store.update(record, how);
}

const endedBy = async (reason: Error) => (await opened('db'))(reason);

test('a named task stays after Ctrl-C; an error that nobody caught is no Ctrl-C', async () => {
  const interrupted = await endedBy(new InterruptedError('SIGINT'));
  expect(interrupted.error).toMatchObject({
    exitCode: 130,
    message: expect.stringContaining('task db stays'),
  });
  expect(interrupted.records).toEqual(['x8sync-db-target']);
  const bug = new Error('a bug');
  expect(await endedBy(bug)).toEqual({ error: bug, records: [] });
});

test('one that is interrupted before it has made anything says so', async () => {
  const reason = new InterruptedError('SIGTERM');
  const check = async (process: AbortController) => {
    process.abort(reason);
    throw reason;
  };
  expect(await (await opened(undefined, fakeKube(), { check }))(reason)).toEqual({
    error: expect.objectContaining({ exitCode: 143, message: 'interrupted; this run had made nothing yet' }),
    records: [],
  });
});

test('a copy of a cutover leaves no pods after Ctrl-C: the workload is to get the claim back', async () => {
  const kube = fakeKube();
  const end = await opened('db', kube, { cutover: true, copying: true });
  const labels = taskLabels('x8sync', 'db', 'target');
  const [record] = await storeOf(kube, { clock }).list();
  const { name = '', uid = '' } = record ?? {};
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
  await kube.create(jobs, {
    metadata: { name, namespace: 'shop', labels, ownerReferences },
    spec: {},
  } as never);
  expect((await end(new InterruptedError('SIGINT'))).error).toMatchObject({
    exitCode: 130,
    message: expect.stringMatching(/cleaned up/),
  });
  expect((await kube.list(jobs)).items).toEqual([]);
  expect(await storeOf(kube, { clock }).list()).toMatchObject([{ phase: 'Interrupted' }]);
});

test('whose copy passed through this workstation is told that the mover waits', async () => {
  const end = await opened('db', fakeKube(), { isRelayed: true });
  expect((await end(new InterruptedError('SIGINT'))).error).toMatchObject({
    message: expect.stringMatching(/task db stays .* its mover waits/),
    hint: expect.stringMatching(/run the same command again/),
  });
});

test('a named task stays after Ctrl-C also where the run that took it up did not name it', async () => {
  const kube = fakeKube();
  await (await opened('db', kube))(new InterruptedError('SIGINT'));
  const { records } = await (await opened(undefined, kube))(new InterruptedError('SIGINT'));
  expect(records).toEqual(['x8sync-db-target']);
});

test('nothing is left of a task that nobody named', async () => {
  expect((await (await opened(undefined))(new InterruptedError('SIGINT'))).records).toEqual([]);
});

test('a name that has finished is refused, says how it ended, and is run by --again', async () => {
  const kube = fakeKube();
  await (await opened('db', kube))(new InterruptedError('SIGINT'));
  const ended = { phase: 'Succeeded', finishedAt: '2026-11-28', message: '3 of 3 files copied' } as const;
  await change(kube, (state) => Object.assign(state, ended));
  await expect(opened('db', kube)).rejects.toMatchObject({
    exitCode: 3,
    message: 'task db has finished already, at 2026-11-28: 3 of 3 files copied',
    hint: expect.stringMatching(/--again/),
  });
  await (await opened('db', kube, { again: true }))(new InterruptedError('SIGINT'));
});

test.each([
  [false, { phase: 'Succeeded', message: '3 of 3 files copied', finishedAt: '2026-11-28T00:00:00Z', run: 1 }],
  [true, { phase: 'Failed', message: 'in use', run: 2 }],
] as const)(
  'a name that has finished and is run by --again, to fail once it copies: %s, is what that makes of it',
  async (copying, expected) => {
    const kube = fakeKube();
    await (await opened('db', kube))(new InterruptedError('SIGINT'));
    const ended = {
      phase: 'Succeeded',
      finishedAt: '2026-11-28T00:00:00Z',
      message: '3 of 3 files copied',
    } as const;
    await change(kube, (state) => Object.assign(state, ended));
    await (await opened('db', kube, { again: true, copying }))(new Failure('in use'));
    expect(await storeOf(kube, { clock }).list()).toMatchObject([expected]);
    if (!copying) await expect(opened('db', kube)).rejects.toThrow(/has finished already/);
  },
);

test.each([true, false])('who asks hears whether a run that gave up may have copied: %s', async (copying) => {
  const told: boolean[] = [];
  const onGivenUp = (mayHaveCopied: boolean) => void told.push(mayHaveCopied);
  await (await opened('db', fakeKube(), { copying, onGivenUp }))(new Failure('in use'));
  expect(told).toEqual([copying]);
});

test('a name that copies by itself is not copied besides', async () => {
  const kube = fakeKube();
  await storeOf(kube, { clock })
    .open({ namespace: 'shop', task: 'db', role: 'target', spec: { schedule: 'true' } })
    .then(({ record }) => storeOf(kube, { clock }).start(record, { holder: '' }));
  await expect(opened('db', kube, { again: true })).rejects.toMatchObject({
    exitCode: 3,
    message: 'task db has a schedule, by which it copies by itself',
    hint: expect.stringMatching(/--every.*cancel db/),
  });
});

test.each(['Incomplete', 'Failed', 'Interrupted'] as const)(
  'a name that is %s is run again',
  async (phase) => {
    const kube = fakeKube();
    await (await opened('db', kube))(new InterruptedError('SIGINT'));
    await change(kube, (state) => Object.assign(state, { phase }));
    const { records } = await (await opened('db', kube))(new InterruptedError('SIGINT'));
    expect(records).toEqual(['x8sync-db-target']);
  },
);

test('a run that somebody cancelled says who, and a later run of the task is not meant', async () => {
  const kube = fakeKube();
  const end = await opened('db', kube);
  await change(kube, (state) => markCancelled(state, 'alice@laptop'));
  const cancelled = await end(new Failure('the Job was deleted'));
  expect(cancelled.error).toMatchObject({ message: 'task db was cancelled by alice@laptop' });
  const failure = new Failure('something else');
  expect((await (await opened('db', kube))(failure)).error).toBe(failure);
});
