/** verify, where the source or the target is empty. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { Scene } from './support/scene.ts';
import { verified } from './support/verified.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('verify');
afterAll(() => scene.close());
const source = scene.ref(contextA, 'source');

// Not in beforeAll: concurrent tests begin before it.
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(1));

test.concurrent('an empty target is no copy, and an empty source nothing to compare with', async () => {
  await Promise.all([scene.claim(contextA, 'nothing'), scene.claim(contextB, 'empty')]);
  await Promise.all([scene.shell(contextA, 'nothing', 'true'), scene.shell(contextB, 'empty', 'true')]);
  const { verification } = await verified(5, source, scene.ref(contextB, 'empty'));
  expect(verification.different).toBeGreaterThanOrEqual(verification.entries - 1);
  const refused = saidBy(
    await x8sync('verify', scene.ref(contextA, 'nothing'), scene.ref(contextB, 'empty')),
    3,
  );
  expect(refused).toMatch(/the source is empty/);
  const nothing = [scene.ref(contextA, 'nothing'), scene.ref(contextB, 'empty'), '--allow-empty'];
  expect(saidBy(await x8sync(...nothing, '--verify'), 0)).toMatch(/Nothing to copy: /);
  // The two root folders have one time by now.
  expect(saidBy(await x8sync('verify', ...nothing), 0)).toMatch(/Both are empty: /);
});

test('nothing but records is left of all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
