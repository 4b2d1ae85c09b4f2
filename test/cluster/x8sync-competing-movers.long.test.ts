/** Two runs, two tasks, two names for one cluster: never two writers on one claim. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { otherKubeconfig } from './support/kubeconfigs.ts';
import { plugin } from './support/kubectl.ts';
import { expectSameTrees } from './support/same-trees.ts';
import { Scene } from './support/scene.ts';
import { saidBy, startX8sync, x8sync } from './support/x8sync.ts';

let scene: Scene;
let source: string;

beforeAll(async () => {
  scene = await Scene.open('competing');
  source = scene.ref(contextA, 'source');
  await scene.claim(contextA, 'source');
  await scene.shell(contextA, 'source', someFiles(6));
});
afterAll(() => scene.close());

describe('while one run is at work', () => {
  const name = ['--name', 'first'];
  const others = [['--name', 'first'], ['--name', 'second'], []];
  let running: ReturnType<typeof startX8sync>;
  let attempts: Awaited<ReturnType<typeof x8sync>>[];
  let cleanup: (typeof attempts)[number];

  beforeAll(async () => {
    await Promise.all([scene.claim(contextB, 'target'), scene.claim(contextB, 'elsewhere')]);
    const target = scene.ref(contextB, 'target');
    // It takes half a minute. All others are tried at once, so that it is still at work then on a busy machine too.
    running = startX8sync(source, target, ...name, '--bwlimit', '200K');
    await running.saw('Copy the files …');
    [cleanup, ...attempts] = await Promise.all([
      x8sync('cleanup', 'first', '--context', contextB),
      ...others.map((args) => x8sync(source, target, ...args)),
    ]);
  });

  test.each([
    ['of the same name', 0],
    ['of another name', 1],
    ['without a name', 2],
  ])('another one %s is refused, with who holds the claim', (_, index) => {
    const ended = saidBy(attempts[index] as (typeof attempts)[number], 3);
    expect(ended).toMatch(new RegExp(`is in use by \\S+@\\S+ \\(process ${running.child.pid}\\)`));
  });

  test('its task can not be cleaned up', () => {
    const ended = saidBy(cleanup, 3);
    expect(ended).toMatch(/in use by/);
  });

  test('it ends undisturbed', async () => {
    saidBy(await running.ended, 0);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, 'target']);
    expect(await scene.leftovers('first')).toEqual([]);
    expect(await scene.phases('second')).toEqual([]);
  });
});

test('two that begin at the same moment: one copies, the other is refused', async () => {
  await scene.claim(contextB, 'raced');
  const args = [source, scene.ref(contextB, 'raced'), '--name', 'race'];
  const ended = await Promise.all([x8sync(...args), x8sync(...args)]);
  expect(ended.map(({ code }) => code).sort()).toEqual([0, 3]);
  expect(await scene.leftovers('race')).toEqual([]);
});

test('the mover of a killed run keeps a task of another name from its target', async () => {
  await scene.claim(contextB, 'held');
  const target = scene.ref(contextB, 'held');
  const running = startX8sync(source, target, '--name', 'killed', '--bwlimit', '500K');
  await running.saw('Copy the files …');
  running.child.kill('SIGKILL');
  await running.ended;
  const other = saidBy(await x8sync(source, target, '--name', 'other'), 3);
  expect(other).toMatch(/task killed has a mover on target claim/);
  saidBy(await x8sync(source, target, '--name', 'killed'), 0);
  expect(await scene.leftovers()).toEqual([]);
});

describe('two contexts for one cluster', () => {
  let alias: Awaited<ReturnType<typeof otherKubeconfig>>;
  const run = (...args: string[]) => plugin('x8sync', args, { KUBECONFIG: alias.path });
  beforeAll(async () => {
    alias = await otherKubeconfig({ here: contextA, 'also/here:6443': contextA });
  });
  afterAll(() => alias.remove());

  test('the same claim by both is refused', async () => {
    const ended = saidBy(
      await run(`here/${scene.namespace}/source`, `also/here:6443/${scene.namespace}/source`),
      3,
    );
    expect(ended).toMatch(/same volume/);
  });

  test('two claims by both are copied as those of one cluster', async () => {
    await scene.claim(contextA, 'beside');
    const ended = await run(
      `also/here:6443/${scene.namespace}/source`,
      `here/${scene.namespace}/beside`,
      '--verbose',
    );
    saidBy(ended, 0);
    expect(ended.stderr).toMatch(/with both claims mounted/);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextA, 'beside']);
  });
});
