/** Copies that are made again and again by the cluster, with no workstation there: --every. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { grantIn } from './support/roles.ts';
import { Scene } from './support/scene.ts';
import { Schedules } from './support/schedules.ts';
import { differences, treeOf } from './support/tree.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('schedule');
const schedules = await Schedules.of(scene);

afterAll(async () => {
  await Promise.all([scene.close(), schedules.remove()]);
});

test.concurrent('within a namespace: nobody else copies to that claim, the times change, and nothing is doubled', async () => {
  await Promise.all(['from', 'other', 'to'].map((claim) => scene.claim(contextA, claim)));
  await Promise.all(['from', 'other'].map((claim) => scene.shell(contextA, claim, someFiles(1))));
  const refOf = (claim: string) => scene.ref(contextA, claim);
  const args = [refOf('from'), refOf('to'), '--name', 'mounted'];
  expect(saidBy(await x8sync(...args, '--every', '5m'), 0)).toMatch(/mount/);
  expect(await scene.leftovers('mounted')).toContain(`${contextA} cronjob.batch/x8sync-mounted-target`);

  expect(saidBy(await x8sync(refOf('other'), refOf('to')), 3)).toMatch(
    // At a full hour its next copy may have begun just now.
    /task mounted (?:copies to target claim .* by itself|has a mover on target claim)/,
  );
  expect(saidBy(await x8sync(...args), 3)).toMatch(
    /task mounted has a schedule, by which it copies by itself/,
  );
  expect(saidBy(await x8sync(...args, '--every', '5m', '--bwlimit', '1M'), 3)).toMatch(
    /with other options[\s\S]*--bwlimit: \(not set\) → 1M/,
  );
  expect(saidBy(await schedules.elsewhere('attach', 'mounted', '--context', 'old'), 3)).toMatch(
    /copies at its times/,
  );
  saidBy(await x8sync('verify', refOf('from'), refOf('to')), 0);

  expect(saidBy(await x8sync(...args, '--every', '1m'), 0)).toMatch(/Changed from every 5m to every 1m/);
  await scene.shell(contextA, 'from', 'echo more >/data/added');
  await schedules.goodCopyAfter(contextA, 'mounted', Date.now());
  await schedules.standStill(contextA, 'mounted');
  expect(differences(await treeOf(scene, contextA, 'from'), await treeOf(scene, contextA, 'to'))).toEqual([]);

  saidBy(await schedules.elsewhere('cleanup', 'mounted', '--context', 'old'), 0);
  expect(await scene.leftovers('mounted')).toEqual([]);
  expect(await scene.phases('mounted')).toEqual([]);
});

test('who may make no account for it is told which rights that takes, and nothing is made', async () => {
  await scene.claim(contextA, 'a');
  await scene.claim(contextA, 'b');
  const name = `${scene.namespace}-editor`;
  const editor = ['--as', name];
  const apiGroup = 'rbac.authorization.k8s.io';
  const binding = {
    ...{ apiVersion: `${apiGroup}/v1`, kind: 'RoleBinding', metadata: { name: 'editor' } },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'edit' },
    subjects: [{ apiGroup, kind: 'User', name }],
  };
  await grantIn(contextA, scene.namespace, [binding], editor);
  const args = [
    scene.ref(contextA, 'a'),
    scene.ref(contextA, 'b'),
    '--name',
    'edited',
    '--every',
    '1h',
    ...editor,
  ];
  expect(saidBy(await x8sync(...args), 4)).toMatch(/create rolebindings\.rbac\.authorization\.k8s\.io/);
  expect(await scene.leftovers('edited')).toEqual([]);
});
