/** --cutover: a workload that is written to the whole time goes over, and loses no row that was acknowledged. */
import { afterAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubectl } from './support/kubectl.ts';
import {
  addressOf,
  deployChurn,
  deployRows,
  replicasOf,
  saidReady,
  scaledDown,
  startWriter,
} from './support/rows.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('cutover');
afterAll(() => scene.close());
const { namespace } = scene;
const [here, there] = [
  { context: contextA, namespace },
  { context: contextB, namespace },
];

interface CutoverDocument {
  readonly downtimeSeconds: number;
  readonly passes: readonly object[];
  readonly stopped: readonly string[];
  readonly started: readonly string[];
  readonly verification: { readonly different: number };
  readonly resumed: boolean;
}

const rowsIn = async (context: string, claim: string) =>
  (await scene.inspect(context, claim, 'cat rows')).trim().split('\n').map(Number);

test.concurrent('every row that was acknowledged is at the target, and the downtime is what a client saw', async () => {
  await Promise.all([scene.claim(contextA, 'data'), scene.claim(contextB, 'data')]);
  await Promise.all([deployRows(here, 'db', 'data', 1), deployRows(there, 'db', 'data', 0)]);
  using writer = startWriter(await Promise.all([addressOf(here, 'db'), addressOf(there, 'db')]));
  const args = [
    '--cutover',
    '--downtime-goal',
    '2m',
    scene.ref(contextA, 'data'),
    scene.ref(contextB, 'data'),
  ];
  const moments = Promise.all([scaledDown(here, 'db'), saidReady(there, 'db')]);
  const ended = await x8sync(...args, '-o', 'json');
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
  const [stopped, ready] = await moments;
  const { acknowledged } = writer;
  await eventually(() => expect(acknowledged.at(-1)).toBeGreaterThan(acknowledged.length));
  await writer.stop();
  const result = documentOf<CutoverDocument>(ended);
  expect(result).toMatchObject({
    stopped: ['Deployment db (1)'],
    started: ['Deployment db (1)'],
    verification: { different: 0 },
    resumed: false,
  });
  expect(await Promise.all([replicasOf(here, 'db'), replicasOf(there, 'db')])).toEqual([0, 1]);
  const rows = new Set(await rowsIn(contextB, 'data'));
  expect(acknowledged.filter((row) => !rows.has(row))).toEqual([]);
  // From the moment at which the workload is told to stop, though a busy cluster lets it serve for a while after that,
  // until the other one is said to be ready. A client loses no more: on a busy machine what is ready answers a bit later.
  // All of them are seen by clients of their own: to a second, and on a busy machine to a fifth of what it took. That the
  // source answers nobody for a while before it is stopped, as on a busy machine, is not of the cutover.
  const { from, to } = writer.longestGap();
  const close = Math.max(1_000, (to - from) / 5);
  expect(Math.abs(result.downtimeSeconds * 1000 - (ready - stopped))).toBeLessThan(close);
  expect(Math.max(from, stopped) - stopped).toBeLessThan(close);
  expect(to - ready).toBeLessThan(close);
  // The target has been written to since: the same command by mistake would take that back.
  expect(saidBy(await x8sync(...args), 3)).toMatch(/has finished already[\s\S]*--again/);
  expect(await Promise.all([replicasOf(here, 'db'), replicasOf(there, 'db')])).toEqual([0, 1]);
});

test.concurrent('what only the target has stays, though files come and go at the source, and nothing is stopped', async () => {
  await Promise.all([scene.claim(contextA, 'busy'), scene.claim(contextB, 'busy')]);
  await scene.shell(contextB, 'busy', 'echo mine >/data/own');
  await deployChurn(here, 'busy', 'busy');
  const pair = [scene.ref(contextA, 'busy'), scene.ref(contextB, 'busy')];
  const refused = await x8sync('--cutover', '--then', 'nothing', '--downtime-goal', '2m', ...pair);
  expect(saidBy(refused, 3)).toMatch(/the target has/);
  expect(await scene.inspect(contextB, 'busy', 'cat own')).toBe('mine\n');
  expect(await replicasOf(here, 'busy')).toBe(1);
});

test.concurrent('a run that is killed in its middle is put right by the same command', async () => {
  await Promise.all([scene.claim(contextA, 'killed'), scene.claim(contextB, 'killed')]);
  await deployRows(here, 'killed', 'killed', 1);
  using writer = startWriter([await addressOf(here, 'killed')]);
  const args = ['--cutover', '--downtime-goal', '2m', '--then', 'source', '--name', 'killed'];
  const command = [...args, scene.ref(contextA, 'killed'), scene.ref(contextB, 'killed')];
  const running = startX8sync(...command);
  await eventually(async () => expect(await replicasOf(here, 'killed')).toBe(0));
  running.child.kill('SIGKILL');
  await running.ended;
  await writer.stop();
  const refused = saidBy(await x8sync('cleanup', 'killed', '--context', contextB), 3);
  expect(refused).toMatch(/in the middle of a cutover/);
  const status = saidBy(await x8sync('status', 'killed', '--context', contextB), 0);
  expect(status).toMatch(/Cutover: +in its middle \(stopping\): Deployment killed \(1\) stands still/);
  expect(refused).toMatch(/scale deployment\/killed --replicas=1/);

  const result = documentOf<CutoverDocument>(await x8sync(...command, '-o', 'json'));
  expect(result).toMatchObject({
    resumed: true,
    started: ['Deployment killed (1)'],
    verification: { different: 0 },
  });
  expect(await replicasOf(here, 'killed')).toBe(1);
  const rows = new Set(await rowsIn(contextB, 'killed'));
  expect(writer.acknowledged.filter((row) => !rows.has(row))).toEqual([]);
  saidBy(await x8sync('cleanup', 'killed', '--context', contextB), 0);
});

test.concurrent('within a namespace the workload is given the other claim; what can not be scaled is refused', async () => {
  await Promise.all(['old', 'new', 'bare'].map((claim) => scene.claim(contextA, claim)));
  await deployRows(here, 'moved', 'old', 1);
  const args = ['--cutover', '--then', 'repoint', '--downtime-goal', '2m'];
  const pair = [scene.ref(contextA, 'old'), scene.ref(contextA, 'new')];
  // Its template would change, and its pods would not.
  const rollout = (what: string) => kubectl(contextA, ['-n', namespace, 'rollout', what, 'deployment/moved']);
  await rollout('pause');
  expect(saidBy(await x8sync(...args, ...pair), 3)).toMatch(/Deployment moved is paused/);
  expect(await replicasOf(here, 'moved')).toBe(1);
  await rollout('resume');
  const result = documentOf<CutoverDocument>(await x8sync(...args, ...pair, '-o', 'json'));
  expect(result).toMatchObject({ stopped: ['Deployment moved (1)'], started: ['Deployment moved (1)'] });
  const claim = 'jsonpath={.spec.template.spec.volumes[0].persistentVolumeClaim.claimName}';
  expect(await kubectl(contextA, ['-n', namespace, 'get', 'deployment/moved', '-o', claim])).toBe('new');

  // The claim that the workload has left is made empty: nothing is stopped for that.
  await scene.shell(contextA, 'old', 'rm -r /data/*');
  await scene.claim(contextA, 'next');
  await deployRows(here, 'hollow', 'old', 0);
  const empty = ['--then', 'nothing', scene.ref(contextA, 'old'), scene.ref(contextA, 'next')];
  expect(saidBy(await x8sync('--cutover', '--downtime-goal', '2m', ...empty), 3)).toMatch(
    /was not begun: .*empty[\s\S]*--allow-empty/,
  );

  await scene.user(contextA, 'lonely', 'bare');
  const refused = saidBy(
    await x8sync('--cutover', '--then', 'nothing', scene.ref(contextA, 'bare'), pair[0] ?? ''),
    3,
  );
  expect(refused).toMatch(/pod \S+\/lonely mounts \S+\/bare and has no Deployment or StatefulSet/);
});
