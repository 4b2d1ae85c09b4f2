/** A line on which only the source can dial: who dials in vain is told so, and a line that falls silent is given up. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB, isLab } from '../cluster/support/contexts.ts';
import { someFiles } from '../cluster/support/files.ts';
import { expectSameTrees } from '../cluster/support/same-trees.ts';
import { Scene } from '../cluster/support/scene.ts';
import { saidBy, startX8sync, x8sync } from '../cluster/support/x8sync.ts';
import { restoreLink, setLink } from '../lab/index.ts';

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

  test('the target dials in vain, and is told of --push; so is the source the other way round', async () => {
    await Promise.all([scene.claim(contextB, 'back'), scene.claim(contextA, 'back')]);
    await scene.shell(contextB, 'back', 'echo back >/data/file');
    const back = [scene.ref(contextB, 'back'), scene.ref(contextA, 'back')];
    const [pulled, pushed] = await Promise.all([
      x8sync(...pair, '--strategy', 'nodeport'),
      x8sync(...back, '--push', '--strategy', 'nodeport'),
    ]);
    const said = saidBy(pulled, 4);
    expect(said).toMatch(/nodeport: no answer from /);
    expect(said).toMatch(/--push/);
    const reason = saidBy(pushed, 4);
    expect(reason).toMatch(/source: the target does not answer: .*no answer/);
    expect(reason).toMatch(/--target-host/);
    expect(await scene.leftovers()).toEqual([]);
  });

  test('the line falls silent while new connections pass: it is given up at both ends, and the copy goes on', async () => {
    await scene.claim(contextB, 'after');
    const after = [pair[0], scene.ref(contextB, 'after')];
    const running = startX8sync(...after, '--push', '--strategy', 'nodeport', '--bwlimit', '500k');
    await running.saw('Copy the files …');
    const [, port] = /Mover is connected \(10\.89\.0\.21:(\d+)\)/.exec(running.output.stderr) ?? [];
    await setLink({ dials: 'a', silent: Number(port) });
    saidBy(await running.ended, 0);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, 'after']);
    expect(await scene.leftovers()).toEqual([]);
  });
});
