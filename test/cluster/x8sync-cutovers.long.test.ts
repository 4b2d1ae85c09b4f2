/** Two cutovers of one source, a cutover whose target goes, and one that was made before: never do two of a workload run. */
import { afterAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubectl } from './support/kubectl.ts';
import { deployRows, replicasOf } from './support/rows.ts';
import { Scene } from './support/scene.ts';
import { saidBy, startX8sync, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('cutovers');
const doomed = await Scene.open('doomed');
afterAll(() => Promise.all([scene.close(), doomed.close()]));

const here = { context: contextA, namespace: scene.namespace };
const there = { context: contextB, namespace: scene.namespace };
const cutover = ['--cutover', '--downtime-goal', '5m'];

test.concurrent('of two cutovers of one source to two claims one is made, and the other one moves nothing, then or later', async () => {
  await scene.claim(contextA, 'one');
  await Promise.all(['left', 'right'].map((claim) => scene.claim(contextB, claim)));
  await deployRows(here, 'one', 'one', 1);
  await Promise.all(['left', 'right'].map((claim) => deployRows(there, claim, claim, 0)));
  const to = (claim: string) => [...cutover, scene.ref(contextA, 'one'), scene.ref(contextB, claim)];
  const ended = await Promise.all(['left', 'right'].map((claim) => x8sync(...to(claim))));
  expect(ended.map(({ code }) => code).sort()).toEqual([0, 3]);
  const loser = ended[0]?.code === 0 ? 'right' : 'left';
  const winner = loser === 'left' ? 'right' : 'left';
  expect(await replicasOf(there, winner)).toBe(1);
  expect([await replicasOf(here, 'one'), await replicasOf(there, loser)]).toEqual([0, 0]);
  expect(saidBy(await x8sync(...to(loser)), 3)).toMatch(/Deployment one \(1\) .* was moved to claim/);
  expect([await replicasOf(here, 'one'), await replicasOf(there, loser)]).toEqual([0, 0]);
});

test.concurrent('what the target has written since is kept, also once --again was refused', async () => {
  await Promise.all([scene.claim(contextA, 'data'), scene.claim(contextB, 'data')]);
  await Promise.all([deployRows(here, 'db', 'data', 1), deployRows(there, 'db', 'data', 0)]);
  const pair = [...cutover, scene.ref(contextA, 'data'), scene.ref(contextB, 'data')];
  saidBy(await x8sync(...pair), 0);
  expect(saidBy(await x8sync(...pair, '--again'), 3)).toMatch(/is in use by Deployment db \(1\)/);
  await kubectl(contextB, ['-n', scene.namespace, 'scale', 'deployment/db', '--replicas=0']);
  await kubectl(contextB, [
    '-n',
    scene.namespace,
    'wait',
    '--for=delete',
    'pod',
    '-l',
    'app=db',
    '--timeout=60s',
  ]);
  await scene.shell(contextB, 'data', 'echo mine >/data/since');
  for (const more of [[], ['--name', 'other', '--then', 'source']])
    expect(saidBy(await x8sync(...more, ...pair), 3)).toMatch(/has finished already[\s\S]*--again/);
  expect(await scene.inspect(contextB, 'data', 'cat since')).toBe('mine\n');
});

test.concurrent('a source that somebody starts while the target is awaited is told, and neither side is overwritten unasked', async () => {
  await Promise.all([scene.claim(contextA, 'both'), scene.claim(contextB, 'both')]);
  await Promise.all([deployRows(here, 'both', 'both', 1), deployRows(there, 'both', 'both', 0)]);
  const at = (context: string, ...args: string[]) => kubectl(context, ['-n', scene.namespace, ...args]);
  const scale = (context: string, count: number) =>
    at(context, 'scale', 'deployment/both', `--replicas=${count}`);
  const delay = '/spec/template/spec/containers/0/readinessProbe/initialDelaySeconds';
  const slow = JSON.stringify([{ op: 'add', path: delay, value: 20 }]);
  await at(contextB, 'patch', 'deployment/both', '--type=json', '-p', slow);
  const pair = [...cutover, scene.ref(contextA, 'both'), scene.ref(contextB, 'both')];
  const running = startX8sync(...pair);
  await eventually(async () => expect(await replicasOf(there, 'both')).toBe(1));
  await scale(contextA, 1);
  const told = saidBy(await running.ended, 3);
  expect(told).toMatch(/Deployment both \(1\) of the source was started .*Deployment both \(1\) .* runs too/);
  await scale(contextB, 0);
  await at(contextB, 'wait', '--for=delete', 'pod', '-l', 'app=both', '--timeout=60s');
  expect(saidBy(await x8sync(...pair), 3)).toMatch(
    /Deployment both of the target was changed since the source was stopped: .*--delete --yes/s,
  );
  expect([await replicasOf(here, 'both'), await replicasOf(there, 'both')]).toEqual([1, 0]);
  saidBy(await x8sync(...pair, '--delete', '--yes'), 0);
  expect([await replicasOf(here, 'both'), await replicasOf(there, 'both')]).toEqual([0, 1]);
});

test.concurrent('Ctrl-C while it stands still starts the source again, and it bears no mark', async () => {
  await Promise.all([scene.claim(contextA, 'paused'), scene.claim(contextB, 'paused')]);
  await deployRows(here, 'paused', 'paused', 1);
  const pair = [scene.ref(contextA, 'paused'), scene.ref(contextB, 'paused')];
  const running = startX8sync(...cutover, '--then', 'nothing', ...pair);
  await eventually(async () => expect(await replicasOf(here, 'paused')).toBe(0));
  running.child.kill('SIGINT');
  expect(saidBy(await running.ended, 130)).toMatch(/Deployment paused \(1\) of the source is told to start/);
  expect(await replicasOf(here, 'paused')).toBe(1);
  const mark = 'jsonpath={.metadata.annotations.x8s\\.dev/stopped-by}';
  const where = ['-n', scene.namespace, 'get', 'deployment/paused', '-o', mark];
  expect(await kubectl(contextA, where)).toBe('');
});

test.concurrent('a source that stands still is told by its own cluster once the target is gone', async () => {
  await Promise.all([doomed.claim(contextA, 'data'), doomed.claim(contextB, 'data')]);
  const place = { context: contextA, namespace: doomed.namespace };
  await deployRows(place, 'db', 'data', 1);
  const command = [...cutover, '--then', 'nothing', '--name', 'doomed'];
  const pair = [doomed.ref(contextA, 'data'), doomed.ref(contextB, 'data')];
  const running = startX8sync(...command, ...pair);
  await eventually(async () => expect(await replicasOf(place, 'db')).toBe(0));
  running.child.kill('SIGKILL');
  await running.ended;
  await kubectl(contextB, ['delete', 'namespace', doomed.namespace, '--timeout=120s']);
  const start = /scale deployment\/db --replicas=1/;
  const where = ['--context', contextA, '-n', doomed.namespace];
  expect(saidBy(await x8sync('status', 'doomed', ...where), 0)).toMatch(
    /Cutover: .*Deployment db \(1\) stands still/,
  );
  expect(saidBy(await x8sync('cleanup', 'doomed', ...where), 3)).toMatch(start);
  expect(saidBy(await x8sync(...command, ...pair), 3)).toMatch(start);
  await kubectl(contextA, ['-n', doomed.namespace, 'scale', 'deployment/db', '--replicas=1']);
  saidBy(await x8sync('cleanup', 'doomed', ...where), 0);
});
