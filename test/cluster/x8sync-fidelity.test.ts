/** What of a file a copy keeps, and what is said where something can't be kept. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isFar } from '../../plugins/x8sync/mover/protocol/compression.ts';
import { contextA, contextB } from './support/contexts.ts';
import { manyKinds } from './support/files.ts';
import { Scene } from './support/scene.ts';
import { differences, treeOf } from './support/tree.ts';
import { documentOf, x8sync } from './support/x8sync.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open('fidelity');
  await scene.claim(contextA, 'source');
  await scene.shell(contextA, 'source', manyKinds);
});
afterAll(() => scene.close());

interface Streams {
  readonly compression: string;
  readonly saw: { readonly roundTripMs?: number };
}

describe('a copy as root', () => {
  test('keeps all of every kind of file, and a second one finds nothing to do', async () => {
    const before = await treeOf(scene, contextA, 'source');
    expect(before.size).toBeGreaterThan(60);
    await scene.claim(contextB, 'target');
    const args = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target'), '-o', 'json'];

    const first = await x8sync(...args);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    // What was seen before it, by which one stream was chosen for so little.
    const names = [...before.values()].filter(({ type }) => type === 'f');
    const files = new Set(names.map(({ hardLinkedTo }) => hardLinkedTo)).size;
    const document = documentOf<{ streams: Streams }>(first);
    const { compression, saw } = document.streams;
    // On a busy machine its round trip makes a near line a far one, over which the files are looked at first.
    expect(['none', isFar(saw.roundTripMs) ? 'zstd' : 'none']).toContain(compression);
    expect(document).toMatchObject({
      streams: {
        parallelism: 1,
        why: expect.any(String),
        saw: { files, roundTripMs: expect.any(Number), processors: expect.any(Number) },
      },
    });
    const copied = await treeOf(scene, contextB, 'target');
    expect(differences(before, copied)).toEqual([]);
    expect(Number(copied.get('sparse')?.blocks)).toBeLessThan(1000);
    // A volume of a node: nothing of the source was touched, owners and modes least of all.
    expect(differences(before, await treeOf(scene, contextA, 'source'))).toEqual([]);

    const again = documentOf(await x8sync(...args));
    expect(again).toMatchObject({ outcome: 'ok', stats: { transferredFiles: 0, extraneous: 0 } });
    expect(differences(before, await treeOf(scene, contextB, 'target'))).toEqual([]);
    expect(await scene.leftovers()).toEqual([]);
  });
});

describe('a namespace that admits no root', () => {
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  let strict: Scene;
  beforeAll(async () => {
    strict = await Scene.open('restricted', restricted);
  });
  afterAll(() => strict.close());

  test('gets the files without owners, which is said, and the exit code is 5', async () => {
    await strict.claim(contextB, 'target');
    const ended = await x8sync(scene.ref(contextA, 'source'), strict.ref(contextB, 'target'));
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/admits no root/);
    expect(ended.stderr).toMatch(/could (not )?be kept|could not be copied/);
    expect(ended.stdout).toMatch(/not kept {5}.*ownership/);
    const [source, target] = await Promise.all([
      treeOf(scene, contextA, 'source'),
      treeOf(strict, contextB, 'target'),
    ]);
    expect(target.get('plain/1')).toMatchObject({ sha256: source.get('plain/1')?.sha256, uid: '65532' });
    expect(target.get('plain/7')?.mtime).toBe(source.get('plain/7')?.mtime);
    expect(await strict.leftovers()).toEqual([]);
  });
});
