/** Ctrl-C at every step of a copy that has a name. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import type { Running } from './support/process.ts';
import { Scene } from './support/scene.ts';
import { steps } from './support/steps.ts';
import { expectSameTrees } from './support/tree.ts';
import { saidBy, startX8sync, x8sync } from './support/x8sync.ts';

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

test('with a name, Ctrl-C leaves it at every step and says how to go on; in the end all is there', async () => {
  const { scene, source } = await prepared;
  await scene.claim(contextB, 'named');
  const args = [scene.ref(contextB, 'named'), '--name', 'stays'];
  for (const [, line] of steps.slice(2)) {
    const running = await runUntil(line, ...args);
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
