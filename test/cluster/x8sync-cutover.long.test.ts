/** More of --cutover: a StatefulSet, what only the target has, another claim for the same workload, and claims that are refused. */
import { afterAll, expect, test } from '@jest/globals';
import { apply } from './support/clients.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubectl } from './support/kubectl.ts';
import {
  addressOf,
  deployChurn,
  deployRows,
  deployRowsOfSet,
  replicasOf,
  rowsIn,
  startWriter,
} from './support/rows.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('cutover');
afterAll(() => scene.close());
const { namespace } = scene;
const [here, there] = [
  { context: contextA, namespace },
  { context: contextB, namespace },
];

test.concurrent('a StatefulSet goes over with the claim that it has made, and who may scale it is named before it is stopped', async () => {
  await scene.claim(contextB, 'data-set-0');
  await Promise.all([
    deployRowsOfSet(here, 'set', 1, { 'argocd.argoproj.io/instance': 'shop' }),
    deployRowsOfSet(there, 'set', 0),
  ]);
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'set' };
  await apply(contextA, namespace, {
    ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'by-load' } },
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 1 },
  });
  using writer = startWriter(await Promise.all([addressOf(here, 'set'), addressOf(there, 'set')]));
  const pair = [scene.ref(contextA, 'data-set-0'), scene.ref(contextB, 'data-set-0')];
  const said = saidBy(await x8sync('--cutover', '--downtime-goal', '2m', ...pair), 0);
  await writer.stop();
  const [before = '', after = ''] = said.split('Stopping StatefulSet set (1)');
  expect(before).toMatch(/Warning: HorizontalPodAutoscaler by-load scales StatefulSet set;/);
  expect(before).toMatch(/Warning: StatefulSet set is managed by Argo CD, which may start it again/);
  expect(after).toMatch(/Starting StatefulSet set \(1\)/);
  const replicas = [here, there].map((place) => replicasOf(place, 'set', 'StatefulSet'));
  expect(await Promise.all(replicas)).toEqual([0, 1]);
  const rows = new Set(await rowsIn(scene, contextB, 'data-set-0'));
  expect(writer.acknowledged.filter((row) => !rows.has(row))).toEqual([]);
});

test.concurrent('what only the target has stays, though files come and go at the source, and nothing is stopped', async () => {
  await Promise.all([scene.claim(contextA, 'busy'), scene.claim(contextB, 'busy')]);
  await scene.shell(contextB, 'busy', 'echo mine >/data/own');
  await deployChurn(here, 'busy', 'busy');
  const pair = [scene.ref(contextA, 'busy'), scene.ref(contextB, 'busy')];
  const named = ['--then', 'nothing', '--downtime-goal', '2m', '--name', 'busy'];
  const refused = await x8sync('--cutover', ...named, ...pair);
  expect(saidBy(refused, 3)).toMatch(/the target has/);
  // Where files were copied first, the records stay; where it was refused before, nothing does.
  const afterPass = ['cutover Failed', 'source Incomplete', 'target Incomplete'];
  expect([[], afterPass]).toContainEqual(await scene.phases('busy'));
  expect(await scene.inspect(contextB, 'busy', 'cat own')).toBe('mine\n');
  expect(await replicasOf(here, 'busy')).toBe(1);
});

test.concurrent('a claim that is empty, and one whose pod can not be scaled, are refused', async () => {
  await Promise.all(['old', 'next', 'bare'].map((claim) => scene.claim(contextA, claim)));
  // Nothing is stopped for what is empty.
  await scene.shell(contextA, 'old', 'true');
  await deployRows(here, 'hollow', 'old', 0);
  const empty = ['--then', 'nothing', scene.ref(contextA, 'old'), scene.ref(contextA, 'next')];
  expect(saidBy(await x8sync('--cutover', '--downtime-goal', '2m', ...empty), 3)).toMatch(
    /was not begun: .*empty[\s\S]*--allow-empty/,
  );

  await scene.user(contextA, 'lonely', 'bare');
  const refused = saidBy(
    await x8sync('--cutover', '--then', 'nothing', scene.ref(contextA, 'bare'), scene.ref(contextA, 'old')),
    3,
  );
  expect(refused).toMatch(/pod \S+\/lonely mounts \S+\/bare and has no controller/);
});

test.concurrent('within a namespace the workload is given the other claim, unless it is paused', async () => {
  await Promise.all(['before', 'after'].map((claim) => scene.claim(contextA, claim)));
  await deployRows(here, 'moved', 'before', 1);
  const args = ['--cutover', '--then', 'repoint', '--downtime-goal', '2m'];
  const pair = [scene.ref(contextA, 'before'), scene.ref(contextA, 'after')];
  // Its template would change, and its pods would not.
  const rollout = (what: string) => kubectl(contextA, ['-n', namespace, 'rollout', what, 'deployment/moved']);
  await rollout('pause');
  expect(saidBy(await x8sync(...args, ...pair), 3)).toMatch(/Deployment moved is paused/);
  expect(await replicasOf(here, 'moved')).toBe(1);
  await rollout('resume');
  const result = documentOf<object>(await x8sync(...args, ...pair, '-o', 'json'));
  expect(result).toMatchObject({ stopped: ['Deployment moved (1)'], started: ['Deployment moved (1)'] });
  const claim = 'jsonpath={.spec.template.spec.volumes[0].persistentVolumeClaim.claimName}';
  expect(await kubectl(contextA, ['-n', namespace, 'get', 'deployment/moved', '-o', claim])).toBe('after');
});
