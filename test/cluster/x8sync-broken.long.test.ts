/** Copies whose pods and claims go away, while somebody looks or nobody, and a source that is not who it was. */
import { afterAll, expect, test } from '@jest/globals';
import { generateKeyPair } from '../../src/ssh/keys.ts';
import { BrokenRuns, slower, slowly } from './support/broken-runs.ts';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { partArrives } from './support/scene.ts';
import { documentOf, saidBy, startX8sync, taskOf, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const runs = await BrokenRuns.open();
const { scene, source } = runs;
const another = await generateKeyPair('another');
afterAll(() => scene.close());

test.concurrent("a source's pod that is deleted comes again, and the mover goes on", async () => {
  const running = await runs.copying('source-gone', slowly, '--name', 'source-gone');
  await runs.on(contextA, 'delete', 'pod', '-l', 'x8s.dev/task=source-gone', '--wait=false');
  saidBy(await running.ended, 0);
  await runs.expectWhole('source-gone', 'source-gone');
});

test.concurrent('a mover that came to its end alone is not run again: the next run takes its result', async () => {
  const running = await runs.copying('alone', slowly);
  running.child.kill('SIGKILL');
  await running.ended;
  const task = taskOf(running.output.stderr);
  await runs.on(contextB, 'wait', '--for=condition=Complete', `job/x8sync-${task}-target`, '--timeout=180s');
  const ended = await x8sync(source, scene.ref(contextB, 'alone'), '-o', 'json');
  saidBy(ended, 0);
  // A mover of its own would have found nothing left to transfer.
  expect(documentOf(ended)).toMatchObject({ task, outcome: 'ok', stats: { transferredFiles: 201 } });
  await runs.expectWhole('alone', task);
});

test.concurrent("a mover's pod that is deleted has a successor, which goes on", async () => {
  const running = await runs.copying('mover-gone', slowly, '--name', 'mover-gone');
  await runs.on(contextB, 'delete', 'pod', '-l', 'x8s.dev/task=mover-gone', '--wait=false');
  saidBy(await running.ended, 0);
  await runs.expectWhole('mover-gone', 'mover-gone');
});

test.concurrent('a source that closed its door because nobody came is opened again by the next run', async () => {
  const running = await runs.copying('closed', slower, '--name', 'closed');
  running.child.kill('SIGKILL');
  await running.ended;
  await runs.on(contextB, 'delete', 'job', 'x8sync-closed-target');
  // With process 1 everything in the container goes, so the command that ends it must have come back before.
  const close = ['sh', '-c', 'touch /run/x8s/closed; (sleep 0.5; kill 1) </dev/null >/dev/null 2>&1 &'];
  await runs.on(contextA, 'exec', 'x8sync-closed-source-0', '--', ...close);
  await runs.on(
    contextA,
    'wait',
    '--for=jsonpath={.status.containerStatuses[0].restartCount}=1',
    'pod/x8sync-closed-source-0',
    '--timeout=180s',
  );
  saidBy(await x8sync(source, scene.ref(contextB, 'closed'), '--name', 'closed'), 0);
  await runs.expectWhole('closed', 'closed');
});

test.concurrent('a copy whose source claim is deleted meanwhile is whole, and says that it may be the only one', async () => {
  await Promise.all([scene.claim(contextA, 'last'), scene.claim(contextB, 'last')]);
  await scene.shell(contextA, 'last', someFiles(6));
  const args = [scene.ref(contextA, 'last'), scene.ref(contextB, 'last'), ...slowly];
  const running = startX8sync(...args);
  await running.saw('Copy the files …');
  await partArrives(scene, contextB, 'last');
  await runs.deleteClaim(contextA, 'last');
  expect(saidBy(await running.ended, 0)).toMatch(/Source claim \S+\/last is being deleted.* only copy/);
});

test.concurrent('a detached copy whose target claim is deleted has failed, too, whoever looks at it then', async () => {
  await scene.claim(contextB, 'left');
  const args = [source, scene.ref(contextB, 'left'), '--name', 'left', ...slowly, '--detach'];
  saidBy(await x8sync(...args), 0);
  await runs.deleteClaim(contextB, 'left');
  const said = saidBy(await x8sync('attach', 'left', '--context', contextB), 1);
  expect(said).toMatch(/target claim \S+\/left (is being|was) deleted/);
  expect(await scene.phases('left')).toEqual(['source Failed', 'target Failed']);
});

test.concurrent("what answers without the host key that was made for the task is not talked to, and that is the copy's end", async () => {
  const running = await runs.copying('rekeyed', slower, '--name', 'rekeyed');
  const data = { host_key: Buffer.from(another.privateKey).toString('base64') };
  await runs.on(contextA, 'patch', 'secret', 'x8sync-rekeyed-source', '-p', JSON.stringify({ data }));
  await runs.on(contextA, 'delete', 'pod', 'x8sync-rekeyed-source-0', '--wait=false');
  const said = saidBy(await running.ended, 1);
  expect(said).toMatch(
    /^error: the source of \S+\/source and the mover don't know each other's keys: .* does not have the host key/m,
  );
  expect(said).toMatch(/^hint: something else may answer at that address/m);
  expect(await scene.inspect(contextB, 'rekeyed', 'find . -type f -size +5M')).toBe('');
  expect(await scene.leftovers('rekeyed')).toEqual([]);
});

test('no Secret is left in either cluster after all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
