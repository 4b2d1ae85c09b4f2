/** What comes beside a cutover: pods of strangers, copies, a cutover the other way round, and a second claim. */
import { afterAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubectl } from './support/kubectl.ts';
import { deployRows, replicasOf } from './support/rows.ts';
import { Scene } from './support/scene.ts';
import { saidBy, startX8sync, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('cutover-beside');
afterAll(() => scene.close());

const { namespace } = scene;
const here = { context: contextA, namespace };
const there = { context: contextB, namespace };
const cutover = ['--cutover', '--downtime-goal', '5m'];

const at = (context: string, ...args: string[]) => kubectl(context, ['-n', namespace, ...args]);
const change = (context: string, name: string, patch: readonly object[]) =>
  at(context, 'patch', `deployment/${name}`, '--type=json', '-p', JSON.stringify(patch));
const runs = (context: string, name: string) =>
  at(context, 'rollout', 'status', `deployment/${name}`, '--timeout=180s');
const pairOf = (claim: string) => [scene.ref(contextA, claim), scene.ref(contextB, claim)];
const counts = async (name: string) => [await replicasOf(here, name), await replicasOf(there, name)];

async function stop(context: string, name: string): Promise<void> {
  await at(context, 'scale', `deployment/${name}`, '--replicas=0');
  await at(context, 'wait', '--for=delete', 'pod', '-l', `app=${name}`, '--timeout=60s');
}

/** Its pod does not end before its grace period is over: so long is waited for it. */
const deaf = `
process.on('SIGTERM', () => {});
require('fs').writeFileSync('/data/rows', '1\\n');
require('http').createServer((_, response) => response.end('ok')).listen(8080);
`;

test.concurrent('a bare pod that mounts the source after the stop ends the wait at once, and is named', async () => {
  await Promise.all([scene.claim(contextA, 'met'), scene.claim(contextB, 'met')]);
  await Promise.all([deployRows(here, 'met', 'met', 0), deployRows(there, 'met', 'met', 0)]);
  const spec = '/spec/template/spec';
  await change(contextA, 'met', [
    { op: 'replace', path: `${spec}/terminationGracePeriodSeconds`, value: 300 },
    { op: 'replace', path: `${spec}/containers/0/command/2`, value: deaf },
  ]);
  await at(contextA, 'scale', 'deployment/met', '--replicas=1');
  await runs(contextA, 'met');
  const running = startX8sync(...cutover, '--timeout', '10m', ...pairOf('met'));
  await running.saw('Stopping Deployment met');
  await eventually(async () => expect(await replicasOf(here, 'met')).toBe(0));
  await scene.user(contextA, 'visitor', 'met');
  const said = saidBy(await running.ended, 3);
  // Its pod has not ended yet: it was not waited for until then.
  expect(await at(contextA, 'get', 'pods', '-l', 'app=met', '-o', 'name')).toMatch(/^pod\/met-/);
  expect(said).toMatch(/pod visitor of \S+ mounts \S+\/met, .* does not go by itself: it has no controller/);
  expect(said).toMatch(/delete pod\/visitor/);
  expect(said).toMatch(/Deployment met \(1\) of the source is told to start as before/);
  expect(await counts('met')).toEqual([1, 0]);
  await at(contextA, 'scale', 'deployment/met', '--replicas=0');
  await at(contextA, 'delete', 'pods', '-l', 'app=met', '--force', '--grace-period=0');
});

test.concurrent('a workload with two claims goes over claim by claim; one that ran in between takes the first one over again', async () => {
  const claims = ['first', 'second'];
  await Promise.all(
    [contextA, contextB].flatMap((context) => claims.map((claim) => scene.claim(context, claim))),
  );
  await Promise.all([here, there].map((place) => deployRows(place, 'twofold', 'first', 0)));
  const spec = '/spec/template/spec';
  const volume = { name: 'more', persistentVolumeClaim: { claimName: 'second' } };
  const mount = { name: 'more', mountPath: '/more' };
  for (const context of [contextA, contextB])
    await change(context, 'twofold', [
      { op: 'add', path: `${spec}/volumes/-`, value: volume },
      { op: 'add', path: `${spec}/containers/0/volumeMounts/-`, value: mount },
    ]);
  const writes = async (line: string) => {
    await at(contextA, 'scale', 'deployment/twofold', '--replicas=1');
    await runs(contextA, 'twofold');
    const files = ['/data/mine', '/more/mine'].map((path) => `fs.appendFileSync('${path}', '${line}\\n')`);
    await at(contextA, 'exec', 'deployment/twofold', '--', 'node', '-e', files.join(';'));
  };
  await writes('early');
  // It would start with a claim that nobody has copied.
  expect(saidBy(await x8sync(...cutover, ...pairOf('second')), 3)).toMatch(
    /Deployment twofold mounts other claims as well, which are not copied by this: first/,
  );
  const first = ['--name', 'one', '--then', 'nothing', ...pairOf('first')];
  saidBy(await x8sync(...cutover, ...first), 0);
  expect(await counts('twofold')).toEqual([0, 0]);
  const toldOfFirst = async () =>
    saidBy(await x8sync('status', 'one', '--context', contextB, '-n', scene.namespace), 0);
  expect(await toldOfFirst()).toMatch(/^Downtime: +goes on: nothing was started$/m);

  await writes('late');
  expect(saidBy(await x8sync(...cutover, '--yes', ...pairOf('second')), 3)).toMatch(
    /Deployment twofold runs again since its claim first was cut over[\s\S]*--cutover --again --then nothing/,
  );
  expect(await counts('twofold')).toEqual([1, 0]);
  saidBy(await x8sync(...cutover, '--again', ...first), 0);

  // The run of the last claim is killed, and another one begins.
  const last = [...cutover, '--name', 'last', ...pairOf('second')];
  const running = startX8sync(...last);
  await eventually(async () => expect(await scene.phases('last')).toContain('cutover Running'));
  running.child.kill('SIGKILL');
  await running.ended;
  saidBy(await x8sync(...last), 0);
  expect(await counts('twofold')).toEqual([0, 1]);
  for (const claim of claims) expect(await scene.inspect(contextB, claim, 'cat mine')).toBe('early\nlate\n');
  const told = await toldOfFirst();
  expect(told).toMatch(/^Runs now: +Deployment twofold \(1\) with the target$/m);
  expect(told).toMatch(/^Downtime: +over after .*: cutover last has started what has the target/m);
});

test.concurrent('a copy to a claim that was cut over to is refused without --again, whichever source it has', async () => {
  await Promise.all([scene.claim(contextA, 'kept'), scene.claim(contextB, 'kept')]);
  await scene.claim(contextA, 'elsewhere');
  await scene.shell(contextA, 'elsewhere', 'echo other >/data/other');
  await Promise.all([deployRows(here, 'kept', 'kept', 1), deployRows(there, 'kept', 'kept', 0)]);
  saidBy(await x8sync(...cutover, ...pairOf('kept')), 0);
  await stop(contextB, 'kept');
  await scene.shell(contextB, 'kept', 'echo mine >/data/since');
  const to = scene.ref(contextB, 'kept');
  for (const from of ['kept', 'elsewhere'])
    expect(saidBy(await x8sync(scene.ref(contextA, from), to), 3)).toMatch(
      /target claim \S+\/kept was cut over to from \S+\/kept by [\s\S]*--again/,
    );
  expect(await scene.inspect(contextB, 'kept', 'cat since')).toBe('mine\n');
  saidBy(await x8sync('--again', scene.ref(contextA, 'elsewhere'), to), 0);
  expect(await scene.inspect(contextB, 'kept', 'cat other')).toBe('other\n');
});

test.concurrent('while a cutover is in its middle nothing goes the other way round, and nothing else comes to its target', async () => {
  await Promise.all([scene.claim(contextA, 'turned'), scene.claim(contextB, 'turned')]);
  await scene.claim(contextA, 'third');
  await scene.shell(contextA, 'third', 'echo other >/data/other');
  await Promise.all([deployRows(here, 'turned', 'turned', 1), deployRows(there, 'turned', 'turned', 0)]);
  const forth = [...cutover, '--name', 'forth', ...pairOf('turned')];
  const running = startX8sync(...forth);
  await eventually(async () => expect(await replicasOf(here, 'turned')).toBe(0));
  running.child.kill('SIGKILL');
  await running.ended;

  const back = pairOf('turned').reverse();
  const stands =
    /Deployment turned \(1\) of \S+ stands still for cutover forth to claim \S+, which has not ended/;
  for (const how of [[...cutover, '--then', 'nothing'], [...cutover, '--again'], [], ['--again']])
    expect(saidBy(await x8sync(...how, ...back), 3)).toMatch(stands);
  const more = [scene.ref(contextA, 'third'), scene.ref(contextB, 'turned')];
  for (const how of [[...cutover, '--then', 'nothing'], ['--again']])
    expect(saidBy(await x8sync(...how, ...more), 3)).toMatch(/cutover forth from \S+ to .* has not ended/);
  expect(await counts('turned')).toEqual([0, 0]);

  saidBy(await x8sync(...forth), 0);
  expect(await counts('turned')).toEqual([0, 1]);
  expect(await scene.inspect(contextB, 'turned', 'ls')).not.toMatch(/other/);
});
