/** Copies that go on by themselves: --detach, attach, logs and cancel. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { otherKubeconfig } from './support/kubeconfigs.ts';
import { plugin } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { differences, treeOf } from './support/tree.ts';
import { documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('detached');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(6));
const other = await otherKubeconfig({ old: contextA, new: contextB });
const tree = await treeOf(scene, contextA, 'source');

afterAll(async () => {
  await Promise.all([scene.close(), other.remove()]);
});

/** Another workstation, whose contexts are `old` and `new`. */
const elsewhere = (...args: string[]) =>
  plugin('x8sync', [...args, '-n', scene.namespace], { KUBECONFIG: other.path });

async function targetOf(name: string): Promise<string> {
  await scene.claim(contextB, name);
  return scene.ref(contextB, name);
}

test.concurrent('attach shows the progress from the context of either cluster, and cleans up what nobody waits for', async () => {
  saidBy(
    await x8sync(source, await targetOf('followed'), '--name', 'followed', '--bwlimit', '700K', '--detach'),
    0,
  );
  const logs = saidBy(await elsewhere('logs', 'followed', '--context', 'old', '-v'), 0);
  expect(logs).toMatch(/^source x8sync-followed-source-0: x8s:serving/m);
  expect(logs).toMatch(/^target x8sync-followed-target-\S+: x8s:(connected|progress)/m);
  const attached = await elsewhere('attach', 'followed', '--context', 'old', '-o', 'json');
  saidBy(attached, 0);
  expect(documentOf(attached)).toMatchObject({ task: 'followed', outcome: 'ok', stats: { files: 201 } });
  expect(await scene.phases('followed')).toEqual(['source Succeeded', 'target Succeeded']);
  expect(await scene.leftovers('followed')).toEqual([]);
  expect(differences(tree, await treeOf(scene, contextB, 'followed'))).toEqual([]);
  expect(saidBy(await elsewhere('attach', 'followed', '--context', 'new'), 0)).toMatch(/Phase: +Succeeded/);
});

test.concurrent('cancel ends a run of another workstation, which says so; the same command goes on', async () => {
  const args = [source, await targetOf('ended'), '--name', 'ended'];
  const running = startX8sync(...args, '--bwlimit', '100K');
  await running.saw('Copy the files …');
  expect(saidBy(await elsewhere('cancel', 'ended', '--context', 'new'), 0)).toMatch(/Cancelled: ended/);
  const ended = await running.ended;
  expect(saidBy(ended, 1)).toMatch(/task ended was cancelled by \S+@/);
  expect(await scene.leftovers('ended')).toEqual([]);
  expect(await scene.phases('ended')).toEqual(['source Interrupted', 'target Interrupted']);
  saidBy(await x8sync(...args), 0);
  expect(differences(tree, await treeOf(scene, contextB, 'ended'))).toEqual([]);
  expect(saidBy(await elsewhere('cancel', 'ended', '--context', 'new'), 3)).toMatch(/has finished/);
});

test.each([
  [['--detach', '--strategy', 'relay'], /relay passes what it copies through this workstation/],
  [['--detach', '--cutover'], /--cutover/],
  [['--detach', '--dry-run'], /--dry-run/],
])('%j is wrong usage', async (flags, words) => {
  expect(saidBy(await x8sync(source, source, ...flags), 2)).toMatch(words);
});
