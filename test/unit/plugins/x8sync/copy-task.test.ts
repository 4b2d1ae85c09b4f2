import { expect, test } from '@jest/globals';
import { CopyTask } from '../../../../plugins/x8sync/copy-task.ts';
import { systemClock as clock } from '../../../../src/clock.ts';
import { InterruptedError } from '../../../../src/errors.ts';
import { configMaps } from '../../../../src/kube/resources.ts';
import { createSilentReporter } from '../../../../src/ui/silent-reporter.ts';
import { fakeKube } from '../../support/fake-kube.ts';

/** What a named task that was opened says and leaves when its run is ended for this reason. */
async function endedBy(reason: Error) {
  const [kube, process] = [fakeKube(), new AbortController()];
  const ref = { kube, namespace: 'shop', claim: 'data' };
  const context = { reporter: createSilentReporter(), clock, signal: process.signal, onAbandoned: () => {} };
  const rest = { allowMounted: false, trustedXattrs: false, ways: [], image: 'mover', timeoutMs: 1000 };
  const request = { source: ref, target: ref, name: 'db', mode: 'merge' as const, ...rest };
  const task = new CopyTask(request, context, new AbortController());
  await task.openTarget({ spec: {}, pair: 'p', claimUid: '1', check: async () => {} });
  process.abort(reason);
  const error = await task.giveUp(reason);
  await task.release();
  return { error, records: (await kube.list(configMaps)).items.map(({ metadata }) => metadata.name) };
}

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
