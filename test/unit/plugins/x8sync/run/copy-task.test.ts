import { expect, test } from '@jest/globals';
import { CopyTask } from '../../../../../plugins/x8sync/run/copy-task.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import { InterruptedError } from '../../../../../src/errors.ts';
import { configMaps } from '../../../../../src/kube/resources.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const [ref, taskContext] = [
  { namespace: 'shop', claim: 'data' },
  { clock, onAbandoned: () => {} },
];

/** Opens a task at the target, and how to end its run: gives what is said and left then. */
async function opened(name: string | undefined, kube = fakeKube(), { isRelayed = false } = {}) {
  const process = new AbortController();
  const side = { kube, ...ref };
  const context = { ...taskContext, reporter: createSilentReporter(), signal: process.signal };
  const rest = {
    allowMounted: false,
    trustedXattrs: false,
    checksum: false,
    strategies: [],
    image: 'mover',
    timeoutMs: 1000,
  };
  const request = { source: side, target: side, name, mode: 'merge' as const, ...rest };
  const task = new CopyTask(request, context, new AbortController());
  task.isRelayed = isRelayed;
  await task.openTarget({ spec: {}, pair: 'p', claimUid: '1', check: async () => {} });
  return async (reason: Error) => {
    process.abort(reason);
    const error = await task.giveUp(reason);
    await task.release();
    return { error, records: (await kube.list(configMaps)).items.map(({ metadata }) => metadata.name) };
  };
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
