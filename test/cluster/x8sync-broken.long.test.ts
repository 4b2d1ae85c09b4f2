/** Copies whose pods and claims go away while nobody looks. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import type { Running } from './support/process.ts';
import { partArrives, Scene } from './support/scene.ts';
import { expectSameTrees } from './support/tree.ts';
import { documentOf, saidBy, startX8sync, taskOf, x8sync } from './support/x8sync.ts';

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

test.concurrent("a source's pod that is deleted comes again, and the mover goes on", async () => {
  const running = await runCopying('source-gone', '--name', 'source-gone');
  await on(contextA, 'delete', 'pod', '-l', 'x8s.dev/task=source-gone', '--wait=false');
  saidBy(await running.ended, 0);
  await expectWhole('source-gone', 'source-gone');
});

test.concurrent('a mover that came to its end alone is not run again: the next run takes its result', async () => {
  const running = await runCopying('alone');
  running.child.kill('SIGKILL');
  await running.ended;
  const task = taskOf(running.output.stderr);
  await on(contextB, 'wait', '--for=condition=Complete', `job/x8sync-${task}-target`, '--timeout=180s');
  const ended = await x8sync(source, scene.ref(contextB, 'alone'), '-o', 'json');
  saidBy(ended, 0);
  // A mover of its own would have found nothing left to transfer.
  expect(documentOf(ended)).toMatchObject({ task, outcome: 'ok', stats: { transferredFiles: 201 } });
  await expectWhole('alone', task);
});

const deleteClaim = (context: string, claim: string) => on(context, 'delete', `pvc/${claim}`, '--wait=false');

test.concurrent('a detached one, too, whoever looks at it then', async () => {
  await scene.claim(contextB, 'left');
  const args = [source, scene.ref(contextB, 'left'), '--name', 'left', ...slowly, '--detach'];
  saidBy(await x8sync(...args), 0);
  await deleteClaim(contextB, 'left');
  const said = saidBy(await x8sync('attach', 'left', '--context', contextB), 1);
  expect(said).toMatch(/target claim \S+\/left (is being|was) deleted/);
  expect(await scene.phases('left')).toEqual(['source Failed', 'target Failed']);
});
