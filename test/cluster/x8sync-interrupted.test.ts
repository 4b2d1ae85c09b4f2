/** Ctrl-C: without a name all is cleaned up, with one it stays to be taken up; a second one ends at once. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextB } from './support/contexts.ts';
import { InterruptedRuns, stepsOfShortStory } from './support/interrupted.ts';
import { saidBy, taskOf, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const runs = await InterruptedRuns.open();
const { scene, source } = runs;
afterAll(() => scene.close());

describe('without a name, Ctrl-C cleans up while', () => {
  test.concurrent.each(stepsOfShortStory)('%s', (step) => runs.expectNothingLeftAt(step));
});

test('a second Ctrl-C stops at once and names what is left; the next run clears it', async () => {
  await scene.claim(contextB, 'twice');
  const target = scene.ref(contextB, 'twice');
  const running = await runs.until(/Copy the files …/, target);
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

test('no Secret is left in either cluster after all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
