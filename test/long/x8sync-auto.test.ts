/** What `auto` saw of a tree and a line, and what it chose, as `-o json` tells it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamsReport } from '../../plugins/x8sync/mover/protocol/protocol.ts';
import { contextA, contextB, isLab } from '../cluster/support/contexts.ts';
import { expectSameTrees } from '../cluster/support/same-trees.ts';
import { Scene } from '../cluster/support/scene.ts';
import { documentOf, x8sync } from '../cluster/support/x8sync.ts';
import { restoreLink, setLink } from '../lab/index.ts';

/** Each way, in milliseconds. */
const delay = 150;

const trees = {
  large: 'cd /data; for i in $(seq 24); do head -c 3M /dev/urandom >$i; done',
  small: 'echo little >/data/file',
};
type Tree = keyof typeof trees;

(isLab ? describe : describe.skip)('without a wish', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open('auto');
    for (const [claim, script] of Object.entries(trees)) {
      await scene.claim(contextA, claim);
      await scene.shell(contextA, claim, script);
    }
  });
  afterAll(async () => {
    await restoreLink();
    await scene.close();
  });

  /** Copies to a claim that is made for it. */
  async function copied(tree: Tree, to: string): Promise<StreamsReport> {
    await scene.claim(contextB, to);
    const ended = await x8sync(scene.ref(contextA, tree), scene.ref(contextB, to), '-o', 'json');
    const document = documentOf<{ outcome: string; streams: StreamsReport }>(ended);
    expect(document.outcome).toBe('ok');
    await expectSameTrees([scene, contextA, tree], [scene, contextB, to]);
    return document.streams;
  }

  /** On a machine that is busy with other work nothing else counts. */
  const unlessBusy = ({ saw }: StreamsReport, expected: Partial<StreamsReport>) =>
    saw.busyness >= 3
      ? { parallelism: 1, files: 0, why: 'the processors are busy with other work' }
      : expected;

  test('a source nearby is copied by one stream', async () => {
    const near = await copied('large', 'near');
    expect(near).toMatchObject({ parallelism: 1, files: 0, saw: { files: 24, bytes: 72 * 2 ** 20 } });
    expect(near.saw.roundTripMs).toBeLessThan(2 * delay);
  });

  test('the same one far away by eight, and by one where there is little', async () => {
    await setLink({ delay });
    const [far, little] = [await copied('large', 'far'), await copied('small', 'little')];
    for (const { saw } of [far, little]) expect(saw.roundTripMs).toBeGreaterThanOrEqual(2 * delay);
    expect(far.saw).toMatchObject({ files: 24, bytes: 72 * 2 ** 20 });
    expect(far).toMatchObject(
      unlessBusy(far, { parallelism: 8, files: 24, why: 'the round trip limits what one stream brings' }),
    );
    expect(little.saw).toMatchObject({ files: 1, bytes: 7 });
    const soon = 'the files are soon copied by one stream, far as the source is';
    expect(little).toMatchObject(unlessBusy(little, { parallelism: 1, files: 0, why: soon }));
  });
});
