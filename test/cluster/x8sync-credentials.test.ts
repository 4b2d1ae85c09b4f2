/** Credentials of one cluster that die while the files are copied. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { doomedIn } from './support/doomed.ts';
import { someFiles } from './support/files.ts';
import { kubectl, startPlugin } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { expectSameTrees } from './support/tree.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('credentials');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(6));
afterAll(() => scene.close());

test.each([
  ['source', contextA, contextB],
  ['target', contextB, contextA],
])(
  "the %s's: the other side is clean, and it is said that the files are there, what is left and how to remove it",
  async (role, mortal, other) => {
    const name = `mortal-${role}`;
    await scene.claim(contextB, name);
    const doomed = await doomedIn(mortal, scene.namespace);
    try {
      const claims = [scene.ref(contextA, 'source'), scene.ref(contextB, name)];
      // Fifteen seconds: API servers believe a token that they have seen for ten.
      const args = [...claims, '--name', name, '--bwlimit', '400K'];
      const running = startPlugin('x8sync', args, { KUBECONFIG: doomed.kubeconfig });
      await running.saw('Copy the files …');
      await doomed.end();
      const said = saidBy(await running.ended, 4);
      expect(said).toMatch(
        new RegExp(`the files are at the target .*201 of 201 files.*the ${role} could not be cleaned up`),
      );
      expect(said).toMatch(new RegExp(`left there, ${role}: .*in namespace ${scene.namespace} of ${mortal}`));
      expect(said).toContain(`kubectl x8sync cleanup ${name} -n ${scene.namespace} --context ${mortal}`);
    } finally {
      await doomed.remove();
    }
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, name]);
    const left = await scene.leftovers(name);
    expect(left.filter((line) => line.startsWith(other))).toEqual([]);
    saidBy(await x8sync('cleanup', name, '-n', scene.namespace, '--context', mortal), 0);
    expect(await scene.leftovers(name)).toEqual([]);
    const label = `x8s.dev/task=${name}`;
    for (const context of scene.contexts)
      expect(
        await kubectl(context, ['-n', scene.namespace, 'get', 'configmaps', '-l', label, '-o', 'name']),
      ).toBe('');
  },
);
