/** What happens to a copy while it runs, and what a later run finds. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import type { Running } from './support/process.ts';
import { partArrives, Scene } from './support/scene.ts';
import { expectSameTrees } from './support/tree.ts';
import { saidBy, startX8sync, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('broken');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(6));
afterAll(() => scene.close());

/** So that a copy takes longer than what is done to it meanwhile, also on a busy machine. */
const slowly = ['--bwlimit', '700K'];

/** A run that is in the middle of the one big file. */
async function runCopying(claim: string, ...args: string[]): Promise<Running> {
  await scene.claim(contextB, claim);
  const running = startX8sync(source, scene.ref(contextB, claim), ...args, ...slowly);
  await running.saw('Copy the files …');
  await partArrives(scene, contextB, claim);
  return running;
}

async function expectWhole(claim: string, task: string): Promise<void> {
  await expectSameTrees([scene, contextA, 'source'], [scene, contextB, claim]);
  expect(await scene.leftovers(task)).toEqual([]);
}

const on = (context: string, ...args: string[]) => kubectl(context, ['-n', scene.namespace, ...args]);

test.concurrent("a mover's pod that is deleted has a successor, which goes on", async () => {
  const running = await runCopying('mover-gone', '--name', 'mover-gone');
  await on(contextB, 'delete', 'pod', '-l', 'x8s.dev/task=mover-gone', '--wait=false');
  saidBy(await running.ended, 0);
  await expectWhole('mover-gone', 'mover-gone');
});

test.concurrent('a source that closed its door because nobody came is opened again by the next run', async () => {
  const running = await runCopying('closed', '--name', 'closed');
  running.child.kill('SIGKILL');
  await running.ended;
  await on(contextB, 'delete', 'job', 'x8sync-closed-target');
  // With process 1 everything in the container goes, so the command that ends it must have come back before.
  const close = ['sh', '-c', 'touch /run/x8s/closed; (sleep 0.5; kill 1) </dev/null >/dev/null 2>&1 &'];
  await on(contextA, 'exec', 'x8sync-closed-source-0', '--', ...close);
  await on(
    contextA,
    'wait',
    '--for=jsonpath={.status.containerStatuses[0].restartCount}=1',
    'pod/x8sync-closed-source-0',
    '--timeout=180s',
  );
  saidBy(await x8sync(source, scene.ref(contextB, 'closed'), '--name', 'closed'), 0);
  await expectWhole('closed', 'closed');
});

const deleteClaim = (context: string, claim: string) => on(context, 'delete', `pvc/${claim}`, '--wait=false');

test.concurrent('a copy whose target claim is deleted meanwhile has failed, and says so: it goes with the mover', async () => {
  const running = await runCopying('leaving', '--name', 'leaving', '--verify');
  await deleteClaim(contextB, 'leaving');
  const said = saidBy(await running.ended, 1);
  expect(said).toMatch(/error: target claim \S+\/leaving is being deleted, since .* goes with the claim/);
  expect(said).not.toMatch(/Copied|files copied|verified/);
  expect(await scene.phases('leaving')).toEqual(['source Failed', 'target Failed']);
  expect(await scene.leftovers('leaving')).toEqual([]);
});

test.concurrent('a copy whose source claim is deleted meanwhile is whole, and says that it may be the only one', async () => {
  await Promise.all([scene.claim(contextA, 'last'), scene.claim(contextB, 'last')]);
  await scene.shell(contextA, 'last', someFiles(6));
  const args = [scene.ref(contextA, 'last'), scene.ref(contextB, 'last'), ...slowly];
  const running = startX8sync(...args);
  await running.saw('Copy the files …');
  await partArrives(scene, contextB, 'last');
  await deleteClaim(contextA, 'last');
  expect(saidBy(await running.ended, 0)).toMatch(/Source claim \S+\/last is being deleted.* only copy/);
});

test('no Secret is left in either cluster after all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
