/** Killed with -9 at any step and run again, a copy ends as if nothing had happened. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { Scene } from './support/scene.ts';
import { steps } from './support/steps.ts';
import { differences, type Tree, treeOf } from './support/tree.ts';
import { saidBy, startX8sync, taskOf, x8sync } from './support/x8sync.ts';

// Concurrent tests begin before any beforeAll.
const prepared = prepare();

async function prepare(): Promise<{ scene: Scene; tree: Tree }> {
  const scene = await Scene.open('killed');
  await scene.claim(contextA, 'source');
  await scene.shell(contextA, 'source', someFiles(6));
  return { scene, tree: await treeOf(scene, contextA, 'source') };
}

afterAll(async () => (await prepared).scene.close());

/** Runs it until a line is seen, and kills it there; resolves with what it had said. */
async function killAt(line: RegExp, ...args: string[]): Promise<string> {
  const running = startX8sync(...args, '--bwlimit', '3M');
  await running.saw(line);
  running.child.kill('SIGKILL');
  const { signal, stderr } = await running.ended;
  expect(signal).toBe('SIGKILL');
  return stderr;
}

/** Runs it again, and expects the state that an undisturbed run ends in. */
async function expectWhole(claim: string, ...args: string[]): Promise<void> {
  const { scene, tree } = await prepared;
  const ended = saidBy(await x8sync(...args), 0);
  const task = taskOf(ended);
  expect(differences(tree, await treeOf(scene, contextB, claim))).toEqual([]);
  expect(await scene.phases(task)).toEqual(['source Succeeded', 'target Succeeded']);
  expect(await scene.leftovers(task)).toEqual([]);
}

describe('a named task is taken up after a kill while', () => {
  test.concurrent.each(steps.map(([step, line], index) => ({ step, line, index })))(
    '$step',
    async ({ line, index }) => {
      const { scene } = await prepared;
      const claim = `named-${index}`;
      await scene.claim(contextB, claim);
      const args = [scene.ref(contextA, 'source'), scene.ref(contextB, claim), '--name', `kill-${index}`];
      await killAt(line, ...args);
      await expectWhole(claim, ...args);
    },
  );
});

test('a task without a name is taken up after a kill at every step, one after the other', async () => {
  const { scene } = await prepared;
  await scene.claim(contextB, 'unnamed');
  const args = [scene.ref(contextA, 'source'), scene.ref(contextB, 'unnamed')];
  const tasks = new Set<string>();
  for (const [, line] of steps) {
    const said = await killAt(line, ...args);
    if (/Task /.test(said)) tasks.add(taskOf(said));
  }
  await expectWhole('unnamed', ...args);
  // Killed as soon as it had a name, it may not have got as far as to take it.
  expect(tasks.size).toBeLessThanOrEqual(2);
});

test('no Secret is left in either cluster after all of these', async () => {
  const { scene } = await prepared;
  expect(await scene.leftovers()).toEqual([]);
});
