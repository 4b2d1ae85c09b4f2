/** A copy whose credentials of one cluster die while its files are copied. */
import { expect } from '@jest/globals';
import { contextA, contextB } from './contexts.ts';
import { doomedIn } from './doomed.ts';
import { kubectl, startPlugin } from './kubectl.ts';
import { expectSameTrees } from './same-trees.ts';
import type { Scene } from './scene.ts';
import { saidBy, x8sync } from './x8sync.ts';

/**
 * The other side is clean, and it is said that the files are there, what is left and how to remove it.
 *
 * @param scene has a source, of `someFiles`
 * @param role the side whose credentials die
 */
export async function expectToldOfDeadCredentials(scene: Scene, role: 'source' | 'target'): Promise<void> {
  const [mortal, other] = role === 'source' ? [contextA, contextB] : [contextB, contextA];
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
}
