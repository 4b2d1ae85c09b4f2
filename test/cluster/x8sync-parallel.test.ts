/** A copy in partitions over several streams, as a person asks for it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { StreamsReport } from '../../plugins/x8sync/mover/protocol/protocol.ts';
import { contextA, contextB } from './support/contexts.ts';
import { manyKinds } from './support/files.ts';
import { Scene } from './support/scene.ts';
import { differences, treeOf } from './support/tree.ts';
import { type CopyDocument, documentOf, saidBy, x8sync } from './support/x8sync.ts';

type ParallelDocument = CopyDocument & { readonly streams: StreamsReport };

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open('parallel');
  await scene.claim(contextA, 'source');
  await scene.shell(contextA, 'source', manyKinds);
});
afterAll(() => scene.close());

test('every kind of file arrives in partitions, and one stream finds nothing to do after them', async () => {
  await scene.claim(contextB, 'target');
  const claims = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target')];
  const cut = ['--partition-files', '7', '--parallelism', '3'];
  const ended = await x8sync(...claims, ...cut, '--verify', '--verbose', '-o', 'json');
  const first = documentOf<ParallelDocument>(ended);
  expect(first).toMatchObject({ outcome: 'ok', streams: { parallelism: 3, again: 0 } });
  for (const stream of [1, 2, 3])
    expect(ended.stderr).toMatch(new RegExp(`mover: stream ${stream}: \\d+ files?, `));
  expect(first.streams.partitions).toBeGreaterThan(6);
  expect(first.streams.files).toBeGreaterThan(40);
  const trees = await Promise.all([treeOf(scene, contextA, 'source'), treeOf(scene, contextB, 'target')]);
  expect(differences(...trees)).toEqual([]);
  expect(Number(trees[1].get('sparse')?.blocks)).toBeLessThan(1000);

  const again = documentOf<ParallelDocument>(await x8sync(...claims, '-o', 'json'));
  expect(again).toMatchObject({ outcome: 'ok', stats: { transferredFiles: 0, changes: 0 } });
  expect(again.streams).toMatchObject({ parallelism: 1, why: 'the target holds files already' });
  expect(await scene.leftovers()).toEqual([]);
});

test('what contradicts itself is refused before anything is made', async () => {
  const claims = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target')];
  expect(saidBy(await x8sync(...claims, '--partitions', '4', '--partition-size', '1Gi'), 2)).toMatch(
    /give either/,
  );
  expect(saidBy(await x8sync(...claims, '--parallelism', '0'), 2)).toMatch(
    /neither auto nor a number from 1 to 32/,
  );
  expect(saidBy(await x8sync(...claims, '--partition-size', 'much'), 2)).toMatch(/is not a size/);
});
