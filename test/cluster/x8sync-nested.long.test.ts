/** Two volumes of which the one is a folder of the other: refused, with and without --force, and nothing is touched. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pathOfClaim } from '../lab/index.ts';
import { contextA, isLab } from './support/contexts.ts';
import { kubectl } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { claimOn, deleteVolumesOf } from './support/volumes.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

const inLab = isLab ? describe : describe.skip;
let scene: Scene;
let inner: string;

inLab('volumes that lie in each other', () => {
  beforeAll(async () => {
    scene = await Scene.open('nested');
    await scene.claim(contextA, 'whole', { storageClass: 'immediate' });
    await scene.shell(
      contextA,
      'whole',
      'mkdir -p /data/deep/part; cd /data; for i in $(seq 30); do echo $i >deep/part/$i; done; echo top >top',
    );
    const outer = await pathOfClaim({ cluster: contextA, namespace: scene.namespace, claim: 'whole' });
    inner = `${outer}/deep/part`;
    const volume = await kubectl(contextA, [
      ...['-n', scene.namespace, 'get', 'pvc', 'whole', '-o', 'jsonpath={.spec.volumeName}'],
    ]);
    const affinity = await kubectl(contextA, ['get', 'pv', volume, '-o', 'jsonpath={.spec.nodeAffinity}']);
    // Of a `hostPath` nobody can tell which node it is on.
    await claimOn(scene, contextA, 'path', { hostPath: { path: inner } });
    await claimOn(scene, contextA, 'local', {
      local: { path: inner },
      nodeAffinity: JSON.parse(affinity) as unknown,
    });
  });
  afterAll(async () => {
    await scene.close();
    await deleteVolumesOf(scene, contextA, 'path', 'local');
  });

  const state = () =>
    scene.inspect(contextA, 'whole', 'find . -printf "%P %T@ %s\\n" | sort; cat top deep/part/*');

  test.each([
    ['path', /lies inside the target/, /lies inside the source/],
    ['local', /deep\/part of .*local lies in/, /deep\/part of .*local lies in/],
  ])('are refused, with --force and without, by a %s volume', async (name, asSource, asTarget) => {
    const before = await state();
    const [whole, part] = [scene.ref(contextA, 'whole'), scene.ref(contextA, name)];
    for (const flags of [['--force', '--yes'], []]) {
      expect(saidBy(await x8sync(...flags, part, whole), 3)).toMatch(asSource);
      expect(saidBy(await x8sync(...flags, whole, part), 3)).toMatch(asTarget);
    }
    expect(await state()).toBe(before);
    expect(await scene.leftovers()).toEqual([]);
  });
});
