/** --cutover: a workload that is written to the whole time goes over, and loses no row that was acknowledged. */
import { afterAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import {
  addressOf,
  deployRows,
  replicasOf,
  rowsIn,
  saidReady,
  scaledDown,
  startWriter,
  toldToEnd,
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
  const moments = Promise.all([scaledDown(here, 'db'), toldToEnd(here, 'db'), saidReady(there, 'db')]);
  const ended = await x8sync(...args, '-o', 'json');
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
  const [stopped, ending, ready] = await moments;
  const { acknowledged } = writer;
  await eventually(() => expect(writer.gap().to).toBeGreaterThan(writer.gap().from));
  await writer.stop();
  const result = documentOf<CutoverDocument>(ended);
  expect(result).toMatchObject({
    stopped: ['Deployment db (1)'],
    started: ['Deployment db (1)'],
    verification: { different: 0 },
    resumed: false,
  });
  expect(await Promise.all([replicasOf(here, 'db'), replicasOf(there, 'db')])).toEqual([0, 1]);
  const rows = new Set(await rowsIn(scene, contextB, 'data'));
  expect(acknowledged.filter((row) => !rows.has(row))).toEqual([]);
  // Told is the time from the order to stop until the target is said to be ready. The client's gap is from the last row of
  // the source, which serves until the cluster tells its pod to end, to the first one of the target, which is reached a
  // moment before or after that is said. So the two differ by how long the cluster took to end the pod, and by a second; on
  // a busy machine, where all of these come late, by a fifth of the gap. All moments are seen by clients of their own.
  const { from, to } = writer.gap();
  const [told, gap] = [result.downtimeSeconds * 1000, to - Math.max(from, stopped)];
  const close = Math.max(1_000, gap / 5);
  expect(Math.abs(told - (ready - stopped))).toBeLessThan(close);
  expect(from - ending).toBeLessThan(close);
  expect(to - ready).toBeLessThan(close);
  expect(gap - told).toBeLessThan(close);
  expect(told - (ending - stopped) - gap).toBeLessThan(close);
  // The target has been written to since: the same command by mistake would take that back.
  expect(saidBy(await x8sync(...args), 3)).toMatch(/has finished already[\s\S]*--again/);
  expect(await Promise.all([replicasOf(here, 'db'), replicasOf(there, 'db')])).toEqual([0, 1]);
});

test.concurrent('a run that is killed in its middle is put right by the same command', async () => {
  await Promise.all([scene.claim(contextA, 'killed'), scene.claim(contextB, 'killed')]);
  await deployRows(here, 'killed', 'killed', 1);
  using writer = startWriter([await addressOf(here, 'killed')]);
  const args = ['--cutover', '--downtime-goal', '2m', '--then', 'source', '--name', 'killed'];
  const command = [...args, scene.ref(contextA, 'killed'), scene.ref(contextB, 'killed')];
  const running = startX8sync(...command);
  // Three copies come before that, beside those of the others; what follows goes on while one looks.
  await scaledDown(here, 'killed');
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
  const rows = new Set(await rowsIn(scene, contextB, 'killed'));
  expect(writer.acknowledged.filter((row) => !rows.has(row))).toEqual([]);
  const ended = saidBy(await x8sync('status', 'killed', '--context', contextB), 0);
  expect(ended).toMatch(/Cutover: +ended at .*, started Deployment killed \(1\) of the source$/m);
  expect(ended).toMatch(/^Downtime: +\d/m);
  expect(ended).toMatch(/^Compared: +verified: /m);
  expect(ended).toMatch(/^Runs now: +Deployment killed \(1\) with the source$/m);
  saidBy(await x8sync('cleanup', 'killed', '--context', contextB), 0);
});
