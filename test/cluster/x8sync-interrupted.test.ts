/** Ctrl-C: without a name all is cleaned up, with one it stays to be taken up; a second one ends at once. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { get } from './support/clients.ts';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import type { Running } from './support/process.ts';
import { Scene } from './support/scene.ts';
import { steps } from './support/steps.ts';
import { saidBy, startX8sync, taskOf, x8sync } from './support/x8sync.ts';

// Concurrent tests begin before any beforeAll.
const prepared = prepare();

async function prepare(): Promise<{ scene: Scene; source: string }> {
  const scene = await Scene.open('interrupted');
  await scene.claim(contextA, 'source');
  await scene.shell(contextA, 'source', someFiles(6));
  return { scene, source: scene.ref(contextA, 'source') };
}

afterAll(async () => (await prepared).scene.close());

/** Runs it until a line is seen, so slowly that it is not at its end by then, however busy the machine is. */
async function runUntil(line: RegExp, ...args: string[]): Promise<Running> {
  const { source } = await prepared;
  const running = startX8sync(source, ...args, '--bwlimit', '300K');
  await running.saw(line);
  return running;
}

/** Names of the records of all tasks on a target claim's side and the source's. */
async function recordsOf(task: string): Promise<string[]> {
  const { scene } = await prepared;
  const label = `x8s.dev/task=${task}`;
  const found = scene.contexts.map((context) => get(context, scene.namespace, 'configmaps', label));
  return (await Promise.all(found)).flat().map(({ metadata }) => metadata.name);
}

describe('without a name, Ctrl-C cleans up while', () => {
  test.concurrent.each(steps.map(([step, line], index) => ({ step, line, index })))(
    '$step',
    async ({ line, index }) => {
      const { scene } = await prepared;
      const claim = `unnamed-${index}`;
      await scene.claim(contextB, claim);
      const running = await runUntil(line, scene.ref(contextB, claim));
      running.child.kill('SIGINT');
      const ended = saidBy(await running.ended, 130);
      expect(ended).toMatch(/Interrupted: finishing up/);
      expect(ended).toMatch(/error: interrupted; (?:.*is cleaned up|this run had made nothing yet)/);
      if (!ended.includes('Task ')) return;
      const task = taskOf(ended);
      expect(await scene.leftovers(task)).toEqual([]);
      expect(await recordsOf(task)).toEqual([]);
    },
  );
});

test('a second Ctrl-C stops at once and names what is left; the next run clears it', async () => {
  const { scene, source } = await prepared;
  await scene.claim(contextB, 'twice');
  const target = scene.ref(contextB, 'twice');
  const running = await runUntil(/Copy the files …/, target);
  running.child.kill('SIGINT');
  await running.saw('Interrupted: finishing up');
  // One that comes with the first is the same wish.
  await eventually(() => {
    running.child.kill('SIGINT');
    expect(running.child.exitCode).toBe(130);
  });
  const ended = saidBy(await running.ended, 130);
  expect(ended).toMatch(/error: stopped at once\nleft behind:/);
  const task = taskOf(ended);
  expect(ended).toContain(`x8s.dev/task=${task} in namespace ${scene.namespace} of ${contextB}`);
  saidBy(await x8sync(source, target), 0);
  expect(await scene.leftovers(task)).toEqual([]);
});

test('SIGTERM does the same with 143', async () => {
  const { scene } = await prepared;
  await scene.claim(contextB, 'term');
  const running = await runUntil(/Copy the files …/, scene.ref(contextB, 'term'));
  running.child.kill('SIGTERM');
  const ended = saidBy(await running.ended, 143);
  expect(await scene.leftovers(taskOf(ended))).toEqual([]);
  // An unnamed task's unfinished files go too.
  expect(await scene.inspect(contextB, 'term', 'ls -A')).not.toContain('.x8sync');
});

test('no Secret is left in either cluster after all of these', async () => {
  const { scene } = await prepared;
  expect(await scene.leftovers()).toEqual([]);
});
