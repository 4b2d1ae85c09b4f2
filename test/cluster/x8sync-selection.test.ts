/** What is deleted at the target, as a person asks for it. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { programFolder } from './support/files.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('selection');
afterAll(() => scene.close());
const source = scene.ref(contextA, 'source');

// Not in beforeAll: concurrent tests begin before it.
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', programFolder);

test.concurrent('--delete takes what only the target has, and most of it only where that was said', async () => {
  await scene.claim(contextB, 'other');
  await scene.shell(
    contextB,
    'other',
    'cd /data; touch outside old; mkdir -p app/data; touch app/data/{x.log,more}',
  );
  const args = ['--delete', source, scene.ref(contextB, 'other')];
  const { stats } = documentOf(await x8sync(...args, '-o', 'json'));
  expect(stats).toMatchObject({ removed: 2, extraneous: 0 });
  await scene.shell(contextB, 'other', 'cd /data; mkdir many; seq 200 | (cd many; xargs touch)');
  const refused = saidBy(await x8sync(...args), 3);
  expect(refused).toMatch(/201 of the target's \d+ entries would be deleted/);
  expect(refused).toMatch(/--yes/);
  expect(await scene.inspect(contextB, 'other', 'ls many | wc -l')).toBe('200\n');
  saidBy(await x8sync('--yes', ...args), 0);
  expect(await scene.inspect(contextB, 'other', 'ls')).toBe('app\ncurrent\noutside\n');
});

test('nothing but records is left of all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
