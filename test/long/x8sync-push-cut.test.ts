/** A target that can't reach its source at all, while the source can dial out. Disturbs all else between these clusters. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB, isLab } from '../cluster/support/contexts.ts';
import { someFiles } from '../cluster/support/files.ts';
import { expectSameTrees } from '../cluster/support/same-trees.ts';
import { Scene } from '../cluster/support/scene.ts';
import { saidBy, startX8sync } from '../cluster/support/x8sync.ts';
import { cutLink, restoreLink, setLink } from '../lab/index.ts';

(isLab ? describe : describe.skip)('a line on which only the source can dial', () => {
  let scene: Scene;
  let pair: readonly [string, string];

  beforeAll(async () => {
    scene = await Scene.open('push-line');
    await Promise.all([scene.claim(contextA, 'source'), scene.claim(contextB, 'target')]);
    await scene.shell(contextA, 'source', someFiles(8));
    pair = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target')];
    await setLink({ dials: 'a' });
  });
  afterAll(async () => {
    await restoreLink();
    await scene.close();
  });

  test('the source dials, the line is cut in the middle and joined again, and all of it is at the target', async () => {
    const running = startX8sync(...pair, '--push', '--verify', '--bwlimit', '1M');
    await running.saw('Copy the files …');
    await cutLink('reject');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await setLink({ dials: 'a' });
    const said = saidBy(await running.ended, 0);
    expect(said).toMatch(/Mover is connected \(10\.89\.0\.21:\d+\)/);
    expect(said).toMatch(/verified: .*all the same/);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, 'target']);
    expect(await scene.leftovers()).toEqual([]);
  });
});
