/** A copy over a line that is cut, and under API servers that go away. Disturbs all else on these clusters. */
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { cutLink, reconnect, restartComponent, restoreLink } from '../lab/index.ts';
import { eventuallySees } from '../support/eventually.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import type { Running } from './support/process.ts';
import { expectSameTrees } from './support/same-trees.ts';
import { Scene } from './support/scene.ts';
import { saidBy, startX8sync } from './support/x8sync.ts';

(isLab ? describe : describe.skip)('in the middle of a copy', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open('line');
    await scene.claim(contextA, 'source');
    await scene.shell(contextA, 'source', someFiles(6));
  });
  afterAll(async () => {
    await Promise.all([contextA, contextB].map(reconnect));
    await scene.close();
  });

  async function runCopying(claim: string): Promise<Running> {
    await scene.claim(contextB, claim);
    const running = startX8sync(scene.ref(contextA, 'source'), scene.ref(contextB, claim), '--bwlimit', '1M');
    await running.saw('Copy the files …');
    return running;
  }

  async function expectWhole(running: Running, claim: string): Promise<void> {
    saidBy(await running.ended, 0);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, claim]);
    // A controller whose watch broke too may make a pod of a StatefulSet that has gone: the garbage collector takes it.
    await eventuallySees(
      () => scene.leftovers(),
      (left) => left.length === 0,
    );
  }

  test.each(['reject', 'drop'] as const)(
    'the line between the clusters is cut (%s) for some seconds',
    async (how) => {
      const running = await runCopying(`cut-${how}`);
      try {
        await cutLink(how);
        await new Promise((resolve) => setTimeout(resolve, 4000));
      } finally {
        await restoreLink();
      }
      await expectWhole(running, `cut-${how}`);
    },
  );

  test('the API servers of both clusters are restarted', async () => {
    const running = await runCopying('restarted');
    await Promise.all([
      restartComponent(contextA, 'kube-apiserver'),
      restartComponent(contextB, 'kube-apiserver'),
    ]);
    await expectWhole(running, 'restarted');
  });
});
