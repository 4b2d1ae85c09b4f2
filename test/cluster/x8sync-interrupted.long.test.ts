/** Ctrl-C at every step of a copy that has a name, at the other steps of one that has none; SIGTERM. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { InterruptedRuns, stepsOfShortStory } from './support/interrupted.ts';
import { expectSameTrees } from './support/same-trees.ts';
import { steps } from './support/steps.ts';
import { saidBy, taskOf, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const runs = await InterruptedRuns.open();
const { scene, source } = runs;
afterAll(() => scene.close());

describe('without a name, Ctrl-C cleans up while', () => {
  const others = steps.map(([step]) => step).filter((step) => !stepsOfShortStory.includes(step));
  test.concurrent.each(others)('%s', (step) => runs.expectNothingLeftAt(step));
});

test('with a name, Ctrl-C leaves it at every step and says how to go on; in the end all is there', async () => {
  await scene.claim(contextB, 'named');
  const args = [scene.ref(contextB, 'named'), '--name', 'stays'];
  for (const [, line] of steps.slice(2)) {
    const running = await runs.until(line, ...args);
    running.child.kill('SIGINT');
    const ended = saidBy(await running.ended, 130);
    // It came before anything was made.
    if (ended.includes('error: interrupted; this run had made nothing yet')) {
      expect([await scene.leftovers('stays'), await scene.phases('stays')]).toEqual([[], []]);
      continue;
    }
    expect(ended).toMatch(/run the same command again/);
    expect(ended).toContain('kubectl x8sync cleanup stays');
  }
  saidBy(await x8sync(source, ...args), 0);
  await expectSameTrees([scene, contextA, 'source'], [scene, contextB, 'named']);
  expect(await scene.leftovers('stays')).toEqual([]);
});

test('SIGTERM does the same with 143', async () => {
  await scene.claim(contextB, 'term');
  const running = await runs.until(/Copy the files …/, scene.ref(contextB, 'term'));
  running.child.kill('SIGTERM');
  const ended = saidBy(await running.ended, 143);
  expect(await scene.leftovers(taskOf(ended))).toEqual([]);
  // An unnamed task's unfinished files go too.
  expect(await scene.inspect(contextB, 'term', 'ls -A')).not.toContain('.x8sync');
});

test('no Secret is left in either cluster after all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
